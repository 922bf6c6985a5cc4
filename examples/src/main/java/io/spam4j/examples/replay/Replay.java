package io.spam4j.examples.replay;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import it.unimi.dsi.fastutil.objects.Object2DoubleRBTreeMap;
import it.unimi.dsi.fastutil.objects.Object2DoubleSortedMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Drives the engine with a trace's gradients and compares weights and state as it goes. */
final class Replay {
  /**
   * The worst errors over all tensors and recorded steps: {@code max|ours - theirs| / max|theirs|}
   * of a tensor at a step.
   *
   * @param other of state that is neither moment, by its name in the trace
   */
  record Errors(
      double weights,
      double firstMoment,
      double secondMoment,
      Object2DoubleSortedMap<String> other) {
    double worst() {
      double worst = Math.max(weights, Math.max(firstMoment, secondMoment));
      for (double error : other.values()) {
        worst = Math.max(worst, error);
      }
      return worst;
    }
  }

  /** The names of moments in traces that have names of their own for them. */
  private static final Map<String, String> MOMENTS = Map.of("m", "exp_avg", "vmean", "exp_avg_sq");

  private static final List<String> SCALARS = List.of("m_max_t", "m_norm_t", "v_norm_t");

  private final Trace trace;
  private final Object2DoubleSortedMap<String> worst = new Object2DoubleRBTreeMap<>();

  private Replay(Trace trace) {
    this.trace = trace;
  }

  /**
   * Replays a trace.
   *
   * @throws UnsupportedTraceException if the engine has no such optimizer, or not with such options
   */
  static Errors run(Trace trace) throws TraceFormatException, UnsupportedTraceException {
    if (trace.dtype() != DType.F32) {
      throw new UnsupportedTraceException("the engine computes in F32: dtype=" + trace.dtype());
    }
    return new Replay(trace).errors();
  }

  private Errors errors() throws TraceFormatException, UnsupportedTraceException {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < trace.parameters(); i++) {
      Tensor init = trace.init(i);
      parameters.add(new Parameter(trace.name(i), Tensor.of(init.toFloats(), init.shape())));
    }
    try (Optimizer optimizer = RecordedOptimizer.of(trace).build(parameters)) {
      for (int t = 0; t < trace.steps(); t++) {
        int step = t;
        optimizer.step(name -> trace.gradient(trace.index(name), step));
        for (int i = 0; i < trace.parameters(); i++) {
          compare("param", trace.find(i, "param", t), parameters.get(i).weights());
          compareState(optimizer, i, t);
        }
      }
    }
    // 0 where there is none
    double weights = worst.removeDouble("param");
    double first = worst.removeDouble("exp_avg");
    return new Errors(weights, first, worst.removeDouble("exp_avg_sq"), worst);
  }

  private void compareState(Optimizer optimizer, int parameter, int step) {
    if (trace.mask(parameter, step + 1) != null) {
      return; // the recorded moments are packed for the next selection already
    }
    String name = trace.name(parameter);
    optimizer
        .state(name)
        .forEach((kind, ours) -> compare(kind, trace.find(parameter, kind, step), ours));
    MOMENTS.forEach(
        (theirs, ours) -> {
          Tensor recorded = trace.find(parameter, theirs, step);
          if (recorded != null) {
            compare(ours, recorded, optimizer.state(name).get(ours));
          }
        });
    Map<String, Double> scalars = optimizer.scalars(name);
    for (String kind : SCALARS) {
      Tensor recorded = trace.find(parameter, kind, step);
      Double ours = scalars.get(kind);
      if (recorded != null && ours != null) {
        compare(kind, recorded, Tensor.of(new float[] {ours.floatValue()}, 1));
      }
    }
  }

  /** Notes the error of one tensor at one step, if it was recorded. */
  private void compare(String kind, @Nullable Tensor theirs, @Nullable Tensor ours) {
    if (theirs != null) {
      worst.mergeDouble(kind, error(theirs, ours), Double::max);
    }
  }

  private static double error(Tensor theirs, @Nullable Tensor ours) {
    if (ours == null || ours.elements() != theirs.elements()) {
      return Double.POSITIVE_INFINITY;
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
}
