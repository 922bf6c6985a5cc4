package io.spam4j.examples.replay;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MaskSelection;
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
    options.list("names"); // the trace has read them
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
          case "adafactor" -> adafactor();
          case "lion" -> lion();
          case "adam-mini" -> adamMini();
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

  private Adafactor.Builder adafactor() throws TraceFormatException {
    double[] epsilons = options.pair("eps", 1e-30, 1e-3);
    var builder =
        Adafactor.builder()
            .epsilons(epsilons[0], epsilons[1])
            .clipThreshold(options.number("clip_threshold", 1))
            .decayRate(options.number("decay_rate", -0.8))
            .beta1(options.number("beta1", 0))
            .weightDecay(options.number("weight_decay", 0))
            .scaleParameter(options.flag("scale_parameter", true))
            .nonFinite(NonFinitePolicy.PROPAGATE);
    boolean relative = options.flag("relative_step", true);
    boolean warmup = options.flag("warmup_init", false);
    return relative
        ? builder.relativeStep(true).warmupInit(warmup)
        : builder.learningRate(options.number("lr", 1e-3));
  }

  private Lion.Builder lion() throws TraceFormatException {
    double[] betas = options.pair("betas", 0.9, 0.99);
    return Lion.builder()
        .learningRate(options.number("lr", 1e-4))
        .betas(betas[0], betas[1])
        .weightDecay(options.number("weight_decay", 0))
        .nonFinite(NonFinitePolicy.PROPAGATE);
  }

  private AdamMini.Builder adamMini() throws TraceFormatException {
    double[] betas = options.pair("betas", 0.9, 0.999);
    options.count("dim", 2048); // the shapes tell
    return AdamMini.builder(Math.toIntExact(options.count("n_heads", 32)))
        .learningRate(options.number("lr", 1e-3))
        .betas(betas[0], betas[1])
        .epsilon(options.number("eps", 1e-8))
        .weightDecay(options.number("weight_decay", 0))
        .nonFinite(NonFinitePolicy.PROPAGATE);
  }
}
