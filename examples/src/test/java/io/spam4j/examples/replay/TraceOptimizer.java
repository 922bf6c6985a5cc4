package io.spam4j.examples.replay;

import io.spam4j.tensors.Tensor;

/** The specifications of the optimizer that a trace is a recording of, set as its metadata say. */
final class TraceOptimizer {
  private TraceOptimizer() {}

  /** The specification of one parameter, before step 0. */
  static Specification of(Trace trace, int parameter) throws TraceFormatException {
    var options = new TraceOptions(trace);
    Tensor init = trace.init(parameter);
    double[] w = Retrace.doubles(init);
    Specification spec =
        switch (trace.optimizer()) {
          case "adam" -> adam(options, 0, w);
          case "adamw" -> {
            var adam = adam(options, 0.01, w);
            adam.decoupled = true;
            yield adam;
          }
          case "spam" -> spam(options, w);
          case "stablespam" -> stableSpam(options, w);
          case "adafactor" -> adafactor(options, init.shape(), w);
          case "lion" -> lion(options, w);
          case "adam-mini" -> adamMini(options, trace.name(parameter), init.shape(), w);
          default -> throw new IllegalArgumentException(trace.optimizer());
        };
    options.list("names"); // the trace has read them
    if (!options.unused().isEmpty()) {
      throw new IllegalArgumentException(trace.optimizer() + " has no options " + options.unused());
    }
    return spec;
  }

  private static AdamSpecification adam(TraceOptions options, double decay, double[] w)
      throws TraceFormatException {
    var s = new AdamSpecification(w);
    s.lr = options.number("lr", s.lr);
    double[] betas = options.pair("betas", s.beta1, s.beta2);
    s.beta1 = betas[0];
    s.beta2 = betas[1];
    s.eps = options.number("eps", s.eps);
    s.weightDecay = options.number("weight_decay", decay);
    s.amsgrad = options.flag("amsgrad", false);
    return s;
  }

  private static SpamSpecification spam(TraceOptions options, double[] w)
      throws TraceFormatException {
    var s = new SpamSpecification(w);
    s.lr = options.number("lr", s.lr);
    double[] betas = options.pair("betas", s.beta1, s.beta2);
    s.beta1 = betas[0];
    s.beta2 = betas[1];
    s.eps = options.number("eps", s.eps);
    s.weightDecay = options.number("weight_decay", s.weightDecay);
    s.theta = options.number("threshold", s.theta);
    s.dT = (int) options.number("DeltaT", s.dT);
    s.n = (int) options.number("warmup_steps", s.n);
    s.grace = (int) options.number("grad_accu_steps", s.grace);
    options.number("density", 1); // the masks themselves are recorded
    return s;
  }

  private static StableSpamSpecification stableSpam(TraceOptions options, double[] w)
      throws TraceFormatException {
    var s = StableSpamSpecification.reference(w);
    s.lr = options.number("lr", s.lr);
    double[] betas = options.pair("betas", s.beta1, s.beta2);
    s.beta1 = betas[0];
    s.beta2 = betas[1];
    s.eps = options.number("eps", s.eps);
    s.weightDecay = options.number("weight_decay", s.weightDecay);
    s.gamma1 = options.number("gamma1", s.gamma1);
    s.gamma2 = options.number("gamma2", s.gamma2);
    s.gamma3 = options.number("gamma3", s.gamma3);
    s.dT = (int) options.number("update_proj_gap", s.dT);
    s.totalSteps = (int) options.number("total_T", s.totalSteps);
    s.etaMin = options.number("eta_min", s.etaMin);
    return s;
  }

  private static AdafactorSpecification adafactor(TraceOptions options, long[] shape, double[] w)
      throws TraceFormatException {
    var s = new AdafactorSpecification(shape, w);
    s.lr = options.number("lr", s.lr);
    double[] eps = options.pair("eps", s.eps1, s.eps2);
    s.eps1 = eps[0];
    s.eps2 = eps[1];
    s.d = options.number("clip_threshold", s.d);
    s.decayRate = options.number("decay_rate", s.decayRate);
    s.beta1 = options.number("beta1", s.beta1);
    s.weightDecay = options.number("weight_decay", s.weightDecay);
    s.relativeStep = options.flag("relative_step", false);
    s.scaleParameter = options.flag("scale_parameter", false);
    s.warmupInit = options.flag("warmup_init", false);
    return s;
  }

  private static LionSpecification lion(TraceOptions options, double[] w)
      throws TraceFormatException {
    var s = new LionSpecification(w);
    s.lr = options.number("lr", s.lr);
    double[] betas = options.pair("betas", s.beta1, s.beta2);
    s.beta1 = betas[0];
    s.beta2 = betas[1];
    s.weightDecay = options.number("weight_decay", s.weightDecay);
    return s;
  }

  private static AdamMiniSpecification adamMini(
      TraceOptions options, String name, long[] shape, double[] w) throws TraceFormatException {

    int dim = (int) options.number("dim", 2048);
    int heads = (int) options.number("n_heads", 32);
    var s = new AdamMiniSpecification(AdamMiniSpecification.blocks(name, shape, dim, heads), w);
    s.lr = options.number("lr", s.lr);
    double[] betas = options.pair("betas", s.beta1, s.beta2);
    s.beta1 = betas[0];
    s.beta2 = betas[1];
    s.eps = options.number("eps", s.eps);
    double decay = options.number("weight_decay", s.weightDecay);
    s.weightDecay = AdamMiniSpecification.decays(name) ? decay : 0;
    return s;
  }
}
