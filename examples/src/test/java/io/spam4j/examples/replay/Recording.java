package io.spam4j.examples.replay;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** A trace in the making: parameters with a specification each, driven and recorded. */
final class Recording {
  /** Short enough that a rounded constant, such as 0.999, stays within the tolerance of 5e-6. */
  static final int STEPS = 48;

  /**
   * The fewest elements of a tensor or a mask. The error is in terms of the largest element; of a
   * few, all may be near a change of sign at once.
   */
  static final int LEAST = 10;

  final Random random;
  final Map<String, Tensor> tensors = new LinkedHashMap<>();
  final Map<String, String> metadata = new TreeMap<>();
  final List<Specification> specs = new ArrayList<>();
  final List<long[]> shapes = new ArrayList<>();

  Recording(String optimizer, Random random) {
    this.random = random;
    metadata.put("optimizer", optimizer);
    metadata.put("steps", Integer.toString(STEPS));
    metadata.put("dtype", "float32");
  }

  /** Adds one to three parameters of random shapes. */
  void add(Function<double[], Specification> maker) {
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      long[] shape = random.ints(1 + random.nextInt(3), 2, 6).asLongStream().toArray();
      shape[shape.length - 1] *= LEAST;
      double[] start = SideBySide.start(random, elements(shape));
      put("p" + specs.size() + ".init", start, shape);
      shapes.add(shape);
      specs.add(maker.apply(start));
    }
  }

  private static int elements(long[] shape) {
    int elements = 1;
    for (long extent : shape) {
      elements *= (int) extent;
    }
    return elements;
  }

  private void put(String name, double[] values, long... shape) {
    tensors.put(name, Tensor.of(SideBySide.floats(values), shape));
  }

  private static String name(int parameter, String kind, int step) {
    return String.format(Locale.ROOT, "p%d.%s.%04d", parameter, kind, step);
  }

  void mask(int parameter, int step, int[] mask) {
    Tensor tensor = Tensor.of(MemorySegment.ofArray(mask), DType.I32, mask.length);
    tensors.put(name(parameter, "mask", step), tensor);
  }

  /**
   * All steps, of which some parameters have no gradient.
   *
   * @param afterStep told of each step after which state is recorded
   */
  void record(Consumer<Integer> afterStep) {
    for (int t = 0; t < STEPS; t++) {
      for (int i = 0; i < specs.size(); i++) {
        Specification spec = specs.get(i);
        double[] gradient = SideBySide.gradient(random, spec.w().length);
        boolean absent = random.nextInt(10) == 0;
        if (!absent) {
          put(name(i, "grad", t), gradient, shapes.get(i));
        }
        spec.step(absent ? null : gradient);
      }
      afterStep.accept(t);
      for (int i = 0; i < specs.size(); i++) {
        int parameter = i;
        int step = t;
        put(name(i, "param", t), specs.get(i).w(), shapes.get(i));
        specs
            .get(i)
            .state()
            .forEach((kind, state) -> put(name(parameter, kind, step), state, state.length));
      }
    }
  }

  /** A number between two, and its place in the metadata. */
  double number(String name, double least, double most) {
    double number = least + random.nextDouble() * (most - least);
    metadata.put(name, Double.toString(number));
    return number;
  }

  int whole(String name, int least, int most) {
    int number = least + random.nextInt(most - least + 1);
    metadata.put(name, Integer.toString(number));
    return number;
  }

  double[] betas() {
    double[] betas = {random.nextDouble() * 0.95, 0.9 + random.nextDouble() * 0.0999};
    metadata.put("betas", "(" + betas[0] + ", " + betas[1] + ")");
    return betas;
  }

  double weightDecay() {
    return random.nextBoolean() ? 0 : number("weight_decay", 0, 0.3);
  }
}
