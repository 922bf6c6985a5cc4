package io.spam4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.step.StepStates;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** All that a step may change, as bits: weights, state, selections, histories and counters. */
public final class Snapshot {
  private final int[] bits;

  private Snapshot(int[] bits) {
    this.bits = bits;
  }

  public static Snapshot of(Optimizer optimizer) {
    var parts = IntStream.builder();
    for (Parameter parameter : optimizer.parameters()) {
      String name = parameter.name();
      add(parts, parameter.weights());
      optimizer.state(name).values().forEach(tensor -> add(parts, tensor));
      optimizer.mask(name).ifPresent(mask -> add(parts, LongStream.of(mask.toArray())));
      add(parts, optimizer.scalars(name).values().stream().mapToLong(Double::doubleToRawLongBits));
    }
    StepState.Snapshot counters = StepStates.of(optimizer).snapshot();
    add(parts, LongStream.of(counters.steps()));
    counters
        .tensors()
        .forEach(of -> add(parts, LongStream.of(of.updates(), of.updatesSinceReset())));
    return new Snapshot(parts.build().toArray());
  }

  private static void add(IntStream.Builder parts, Tensor tensor) {
    parts.add((int) tensor.elements());
    for (byte bits : tensor.memory().toArray(ValueLayout.JAVA_BYTE)) {
      parts.add(bits);
    }
  }

  private static void add(IntStream.Builder parts, LongStream numbers) {
    numbers.forEach(
        number -> {
          parts.add((int) (number >>> 32));
          parts.add((int) number);
        });
  }

  public void assertSame(Snapshot other) {
    assertThat(Arrays.mismatch(bits, other.bits)).as("first difference").isEqualTo(-1);
  }

  /** All that a report says, the time too. */
  public static String text(StepReport report) {
    var text = new StringBuilder();
    for (Method method : StepReport.class.getMethods()) {
      if (method.getDeclaringClass() != StepReport.class || method.getReturnType() == void.class) {
        continue;
      }
      try {
        if (method.getParameterCount() == 0) {
          text.append(method.getName()).append('=').append(method.invoke(report)).append('\n');
        } else if (List.of(method.getParameterTypes()).equals(List.of(int.class))) {
          for (int i = 0; i < report.tensors(); i++) {
            text.append(method.getName()).append(i).append('=').append(method.invoke(report, i));
          }
        }
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
    return text.toString();
  }

  /** Whether two arrays hold the same bits. */
  public static void assertSame(float[] actual, float[] expected) {
    int first = -1;
    for (int i = 0; i < Math.max(actual.length, expected.length) && first < 0; i++) {
      boolean same =
          i < Math.min(actual.length, expected.length)
              && Float.floatToIntBits(actual[i]) == Float.floatToIntBits(expected[i]);
      first = same ? -1 : i;
    }
    assertThat(first)
        .as("first difference of %d and %d values", actual.length, expected.length)
        .isEqualTo(-1);
  }
}
