package io.spam4j.examples.output;

import it.unimi.dsi.fastutil.doubles.DoubleList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Points of a chart: {@code y[i]} at step {@code x[i]}; {@code null} where there is no finite
 * number, so that the line breaks there.
 */
public record Curve(List<Integer> x, List<@Nullable Double> y) {
  /** A value for each step, from step 0. */
  public static Curve of(DoubleList values) {
    return at(IntArrayList.toList(IntStream.range(0, values.size())), values);
  }

  /** A value for each of the steps. */
  public static Curve at(IntList steps, DoubleList values) {
    List<@Nullable Double> y = new ArrayList<>();
    for (double value : values) {
      y.add(Double.isFinite(value) ? value : null);
    }
    return new Curve(List.copyOf(steps), y);
  }
}
