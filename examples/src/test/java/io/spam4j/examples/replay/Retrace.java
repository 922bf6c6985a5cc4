package io.spam4j.examples.replay;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Drives the specifications of a trace with its gradients and measures how far they get from it.
 */
final class Retrace {
  private static final Pattern INPUT = Pattern.compile("p\\d+\\.(init|(grad|mask)\\.\\d+)");

  /** The largest error by kind: {@code max|ours - theirs| / max|theirs|} of a tensor at a step. */
  final Map<String, Double> errors = new TreeMap<>();

  /** What was recorded and not compared. */
  final Set<String> unread;

  private final Trace trace;

  private Retrace(Trace trace, Set<String> recorded) throws TraceFormatException {
    this.trace = trace;
    unread = recorded;
    unread.removeIf(INPUT.asMatchPredicate());
    for (int i = 0; i < trace.parameters(); i++) {
      retrace(i);
    }
  }

  static Retrace of(Path file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      return new Retrace(
          Trace.open(file, arena), new HashSet<>(Safetensors.open(file, arena).names()));
    }
  }

  private void retrace(int parameter) throws TraceFormatException {
    Specification spec = TraceOptimizer.of(trace, parameter);
    select(spec, trace.find(parameter, "mask", 0));
    for (int t = 0; t < trace.steps(); t++) {
      Tensor gradient = trace.gradient(parameter, t);
      spec.step(gradient == null ? null : doubles(gradient));
      // the authors pack the moments for the next mask at the end of the step before it
      select(spec, trace.find(parameter, "mask", t + 1));
      compare(parameter, "param", t, spec.w());
      for (Map.Entry<String, double[]> state : spec.state().entrySet()) {
        compare(parameter, state.getKey(), t, state.getValue());
      }
    }
  }

  private static void select(Specification spec, @Nullable Tensor mask) {
    if (mask != null) {
      ((SpamSpecification) spec).select(mask.memory().toArray(ValueLayout.JAVA_INT_UNALIGNED));
    }
  }

  private void compare(int parameter, String kind, int step, double[] ours) {
    Tensor recorded = trace.find(parameter, kind, step);
    if (recorded == null) {
      return;
    }
    String name = String.format(Locale.ROOT, "p%d.%s.%04d", parameter, kind, step);
    unread.remove(name);
    double[] theirs = doubles(recorded);
    if (ours.length != theirs.length) {
      throw new AssertionError(name + " has " + theirs.length + " values, not " + ours.length);
    }
    double scale = 0;
    double difference = 0;
    for (int i = 0; i < theirs.length; i++) {
      scale = Math.max(scale, Math.abs(theirs[i]));
      difference = Math.max(difference, Math.abs(theirs[i] - ours[i]));
    }
    errors.merge(kind, difference == 0 ? 0 : difference / scale, Math::max);
  }

  /** The values of a tensor, exactly. */
  static double[] doubles(Tensor tensor) {
    if (tensor.dtype() == DType.F64) {
      return tensor.memory().toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }
    float[] floats = tensor.toFloats();
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }
}
