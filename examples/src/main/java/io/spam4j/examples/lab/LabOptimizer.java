package io.spam4j.examples.lab;

import io.spam4j.engine.AdamW;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.Spam;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The optimizers that the lab compares, set up for a run of a given number of steps. */
enum LabOptimizer {
  ADAMW("adamw") {
    @Override
    Optimizer build(List<Parameter> parameters, Schedule learningRate, int steps) {
      return adamW(learningRate).build(parameters);
    }

    @Override
    String ownSettings(int steps) {
      return "no clipping";
    }
  },
  ADAMW_CLIP("adamw-clip") {
    @Override
    Optimizer build(List<Parameter> parameters, Schedule learningRate, int steps) {
      return adamW(learningRate)
          .transforms(GradientTransform.globalNorm(MAX_NORM))
          .build(parameters);
    }

    @Override
    String ownSettings(int steps) {
      return "gradient norm clipped to " + MAX_NORM;
    }
  },
  SPAM("spam") {
    @Override
    Optimizer build(List<Parameter> parameters, Schedule learningRate, int steps) {
      return spam(learningRate)
          .resetInterval(resetInterval(steps))
          .rewarmSteps(rewarmSteps(steps))
          .spikeGraceSteps(graceSteps(steps))
          .build(parameters);
    }

    @Override
    String ownSettings(int steps) {
      return "theta %d, reset every %d steps, rewarm %d, grace %d"
          .formatted(SPIKE_THRESHOLD, resetInterval(steps), rewarmSteps(steps), graceSteps(steps));
    }
  },
  SPAM_NO_RESET("spam-noreset") {
    @Override
    Optimizer build(List<Parameter> parameters, Schedule learningRate, int steps) {
      return spam(learningRate)
          .resetInterval(0)
          .spikeGraceSteps(graceSteps(steps))
          .build(parameters);
    }

    @Override
    String ownSettings(int steps) {
      return "theta %d, no resets, grace %d".formatted(SPIKE_THRESHOLD, graceSteps(steps));
    }
  };

  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double MAX_NORM = 1.0;
  private static final int SPIKE_THRESHOLD = 5000;

  private final String label;

  LabOptimizer(String label) {
    this.label = label;
  }

  abstract Optimizer build(List<Parameter> parameters, Schedule learningRate, int steps);

  abstract String ownSettings(int steps);

  /** The hyper-parameters, for display. */
  String settings(int steps) {
    return String.format(Locale.ROOT, "betas %s %s, decay 0, %s", BETA1, BETA2, ownSettings(steps));
  }

  static LabOptimizer of(String name) {
    for (LabOptimizer optimizer : values()) {
      if (optimizer.label.equals(name)) {
        return optimizer;
      }
    }
    throw new IllegalArgumentException(
        "optimizer must be one of %s: optimizer=%s".formatted(names(), name));
  }

  static List<String> names() {
    return Arrays.stream(values()).map(optimizer -> optimizer.label).toList();
  }

  /** Four resets a run, but with time to recover between them; the paper's 500 is for long runs. */
  private static int resetInterval(int steps) {
    return Math.max(40, steps / 4);
  }

  /** The share of the interval that the authors use, 150 of 1000. */
  private static int rewarmSteps(int steps) {
    return Math.max(1, Math.toIntExact(Math.round(0.15 * resetInterval(steps))));
  }

  private static int graceSteps(int steps) {
    return Math.min(20, resetInterval(steps) / 4 - 1);
  }

  private static AdamW.Builder adamW(Schedule learningRate) {
    return AdamW.builder().learningRate(learningRate).betas(BETA1, BETA2).weightDecay(0);
  }

  private static Spam.Builder spam(Schedule learningRate) {
    return Spam.builder()
        .learningRate(learningRate)
        .betas(BETA1, BETA2)
        .weightDecay(0)
        .spikeThreshold(SPIKE_THRESHOLD);
  }
}
