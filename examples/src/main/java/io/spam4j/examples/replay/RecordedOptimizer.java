package io.spam4j.examples.replay;

import io.spam4j.engine.Adam;
import io.spam4j.engine.AdamW;
import io.spam4j.engine.BiasCorrection;
import io.spam4j.engine.MaskSelection;
import io.spam4j.engine.MomentBuilder;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Spam;
import io.spam4j.engine.StableSpam;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The engine's optimizer that a trace is a recording of, set as the trace's metadata say. */
final class RecordedOptimizer {
  private final Trace trace;
  private final TraceOptions options;
  private double beta1; // what gamma1 = -1 stands for in Stable-SPAM

  private RecordedOptimizer(Trace trace) {
    this.trace = trace;
    options = new TraceOptions(trace);
  }

  /**
   * Its builder.
   *
   * @throws UnsupportedTraceException if the engine has no such optimizer, or not with such options
   */
  static OptimizerBuilder<?> of(Trace trace)
      throws TraceFormatException, UnsupportedTraceException {
    return new RecordedOptimizer(trace).builder();
  }

  private OptimizerBuilder<?> builder() throws TraceFormatException, UnsupportedTraceException {
    OptimizerBuilder<?> builder =
        switch (trace.optimizer()) {
          case "spam" -> spam();
          case "stablespam" -> stableSpam();
          case "adam" -> moments(Adam.builder().amsgrad(options.flag("amsgrad", false)), 1e-8, 0);
          case "adamw" ->
              moments(AdamW.builder().amsgrad(options.flag("amsgrad", false)), 1e-8, 0.01);
          default ->
              throw new UnsupportedTraceException(
                  "no such optimizer: optimizer=" + trace.optimizer());
        };
    Map<String, String> rest = options.unused();
    if (!rest.isEmpty()) {
      throw new UnsupportedTraceException("no such options: " + rest);
    }
    return builder;
  }

  /** What Adam and its kin have in common. */
  private <B extends MomentBuilder<B>> B moments(B builder, double epsilon, double decay)
      throws TraceFormatException {
    double[] betas = options.pair("betas", 0.9, 0.999);
    beta1 = betas[0];
    return builder
        .learningRate(options.number("lr", 1e-3))
        .betas(betas[0], betas[1])
        .epsilon(options.number("eps", epsilon))
        .weightDecay(options.number("weight_decay", decay))
        .nonFinite(NonFinitePolicy.PROPAGATE);
  }

  private Spam.Builder spam() throws TraceFormatException {
    long interval = options.count("DeltaT", 500);
    var builder =
        moments(Spam.builder(Spam.Preset.REFERENCE), 1e-6, 0)
            .spikeThreshold(options.number("threshold", 5000))
            .resetInterval(interval)
            .rewarmSteps(options.count("warmup_steps", 150))
            .spikeGraceSteps(options.count("grad_accu_steps", 20));
    if (!options.flag("correct_bias", true)) {
      builder.biasCorrection(BiasCorrection.NONE);
    }
    double density = options.number("density", 1); // the selections themselves are recorded
    boolean masked = false;
    for (int i = 0; i < trace.parameters(); i++) {
      if (trace.mask(i, 0) != null) {
        masked = true;
        double any = density < 1 ? density : 0.5;
        builder.group(trace.name(i), group -> group.density(any));
      }
    }
    if (density < 1 && !masked) {
      throw new TraceFormatException(
          "a trace with a density must hold p0.mask.0000: density=" + density);
    }
    return builder.maskSelection(
        MaskSelection.given((name, n) -> mask(trace.index(name), n, interval)));
  }

  /** The selection of an interval: the latest that was recorded up to its first step. */
  private long[] mask(int parameter, long interval, long resetInterval) {
    for (long n = interval; n > 0; n--) {
      long[] mask = trace.mask(parameter, Math.toIntExact(n * resetInterval - 1));
      if (mask != null) {
        return mask;
      }
    }
    long @Nullable [] first = trace.mask(parameter, 0);
    if (first == null) {
      throw new IllegalStateException(
          String.format(Locale.ROOT, "a selection must be recorded: parameter=p%d", parameter));
    }
    return first;
  }

  private StableSpam.Builder stableSpam() throws TraceFormatException {
    var builder = moments(StableSpam.builder(StableSpam.Preset.REFERENCE), 1e-8, 0);
    double gamma1 = options.number("gamma1", 0.7);
    return builder
        .normDecays(gamma1 == -1 ? beta1 : gamma1, options.number("gamma2", 0.9))
        .clipDecay(options.number("gamma3", 0.999))
        .resetInterval(options.count("update_proj_gap", 1000))
        .betaSchedule(options.count("total_T", 0), options.number("eta_min", 0.5));
  }
}
