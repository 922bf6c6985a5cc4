package io.spam4j.examples.replay;

import io.spam4j.engine.Adam;
import io.spam4j.engine.AdamW;
import io.spam4j.engine.BiasCorrection;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.OptimizerBuilder;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Spam;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Drives the engine with a trace's gradients and compares weights and moments as it goes. */
final class Replay {
  /** What came of it. */
  sealed interface Outcome {}

  /**
   * The worst errors over all tensors and recorded steps: {@code max|ours - theirs| / max|theirs|}
   * of a tensor at a step.
   */
  record Compared(double weights, double firstMoment, double secondMoment) implements Outcome {
    double worst() {
      return Math.max(weights, Math.max(firstMoment, secondMoment));
    }
  }

  /** The engine has no such optimizer, or not with such options. */
  record Unsupported(String reason) implements Outcome {}

  private static final Set<String> ABOUT_THE_RECORDING =
      Set.of("optimizer", "steps", "seed", "dtype", "torch");

  private Replay() {}

  static Outcome run(Trace trace) throws TraceFormatException {
    if (trace.dtype() != DType.F32) {
      return new Unsupported("the engine computes in F32: dtype=" + trace.dtype());
    }
    if (trace.hasMasks()) {
      return new Unsupported("sparse momentum is not there yet: the trace has masks");
    }
    var options = new Options(trace);
    OptimizerBuilder<?> builder;
    switch (trace.optimizer()) {
      case "spam" -> builder = spam(options);
      case "adam" -> builder = Adam.builder().weightDecay(options.number("weight_decay", 0));
      case "adamw" -> builder = AdamW.builder().weightDecay(options.number("weight_decay", 0.01));
      default -> {
        return new Unsupported("no such optimizer: optimizer=" + trace.optimizer());
      }
    }
    double epsilon = trace.optimizer().equals("spam") ? 1e-6 : 1e-8;
    double[] betas = options.pair("betas", 0.9, 0.999);
    builder
        .learningRate(options.number("lr", 1e-3))
        .betas(betas[0], betas[1])
        .epsilon(options.number("eps", epsilon))
        .nonFinite(NonFinitePolicy.PROPAGATE);
    Map<String, String> rest = options.unused();
    return rest.isEmpty() ? compared(trace, builder) : new Unsupported("no such options: " + rest);
  }

  private static Spam.Builder spam(Options options) throws TraceFormatException {
    var builder =
        Spam.builder(Spam.Preset.REFERENCE)
            .weightDecay(options.number("weight_decay", 0))
            .spikeThreshold(options.number("threshold", 5000))
            .resetInterval((long) options.number("DeltaT", 500))
            .rewarmSteps((long) options.number("warmup_steps", 150))
            .spikeGraceSteps((long) options.number("grad_accu_steps", 20));
    if (options.flag("correct_bias", true)) {
      return builder;
    }
    return builder.biasCorrection(BiasCorrection.NONE);
  }

  private static Compared compared(Trace trace, OptimizerBuilder<?> builder) {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < trace.parameters(); i++) {
      Tensor init = trace.init(i);
      parameters.add(new Parameter("p" + i, Tensor.of(init.toFloats(), init.shape())));
    }
    double weights = 0;
    double first = 0;
    double second = 0;
    try (Optimizer optimizer = builder.build(parameters)) {
      for (int t = 0; t < trace.steps(); t++) {
        int step = t;
        optimizer.step(name -> trace.gradient(Integer.parseInt(name.substring(1)), step));
        for (int i = 0; i < trace.parameters(); i++) {
          Parameter p = parameters.get(i);
          weights = Math.max(weights, error(trace, i, "param", t, p.weights()));
          first = Math.max(first, error(trace, i, "exp_avg", t, optimizer.firstMoment(p.name())));
          second =
              Math.max(second, error(trace, i, "exp_avg_sq", t, optimizer.secondMoment(p.name())));
        }
      }
    }
    return new Compared(weights, first, second);
  }

  /** The error of one tensor at one step; 0 if it was not recorded. */
  private static double error(Trace trace, int parameter, String kind, int step, Tensor ours) {
    Tensor theirs = trace.find(parameter, kind, step);
    if (theirs == null) {
      return 0;
    }
    double difference = 0;
    double scale = 0;
    for (long i = 0; i < theirs.elements(); i++) {
      double expected = theirs.getFloat(i);
      double actual = ours.getFloat(i);
      if (Double.compare(expected, actual) == 0) {
        scale = Math.max(scale, Double.isFinite(expected) ? Math.abs(expected) : 0);
      } else if (Double.isFinite(expected) && Double.isFinite(actual)) {
        scale = Math.max(scale, Math.abs(expected));
        difference = Math.max(difference, Math.abs(actual - expected));
      } else {
        return Double.POSITIVE_INFINITY;
      }
    }
    return difference == 0 ? 0 : difference / scale;
  }

  /** The hyper-parameters of a trace, written as Python writes them; none may go unread. */
  private static final class Options {
    private final Map<String, String> values;

    Options(Trace trace) {
      values = new TreeMap<>(trace.metadata());
      values.keySet().removeAll(ABOUT_THE_RECORDING);
    }

    double number(String name, double absent) throws TraceFormatException {
      String text = values.remove(name);
      return text == null ? absent : parse(name, text);
    }

    boolean flag(String name, boolean absent) {
      String text = values.remove(name);
      return text == null ? absent : text.equals("True");
    }

    double[] pair(String name, double absent1, double absent2) throws TraceFormatException {
      String text = values.remove(name);
      if (text == null) {
        return new double[] {absent1, absent2};
      }
      String[] parts = text.replaceAll("[()\\[\\]\\s]", "").split(",", -1);
      if (parts.length != 2) {
        throw new TraceFormatException(name + " must be a pair of numbers: " + name + "=" + text);
      }
      return new double[] {parse(name, parts[0]), parse(name, parts[1])};
    }

    private static double parse(String name, String text) throws TraceFormatException {
      try {
        return Double.parseDouble(text);
      } catch (NumberFormatException e) {
        throw new TraceFormatException(name + " must be a number: " + name + "=" + text);
      }
    }

    /** The options that ask for something and that nothing has read. */
    Map<String, String> unused() {
      Map<String, String> rest = new TreeMap<>(values);
      rest.values().removeIf(text -> text.equals("None") || text.equals("False"));
      return rest;
    }
  }
}
