package io.spam4j.engine;

import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random parameters, gradients and transforms. */
public final class Drawn {
  private Drawn() {}

  /** Parameters p0, p1, ... of these shapes; now and then one has a NaN. */
  public static List<Parameter> parameters(Random random, long[]... shapes) {
    List<Parameter> parameters = new ArrayList<>();
    for (long[] shape : shapes) {
      parameters.add(new Parameter("p" + parameters.size(), tensor(random, shape)));
    }
    return parameters;
  }

  private static Tensor tensor(Random random, long... shape) {
    int n = 1;
    for (long extent : shape) {
      n *= (int) extent;
    }
    float[] values = Runs.draw(random, n, n < 1000 ? 20 : 1000);
    if (random.nextInt(3) == 0) {
      values[random.nextInt(n)] = Float.NaN;
    }
    return Tensor.of(values, shape);
  }

  /** Up to four transforms. */
  public static GradientTransform[] chain(Random random) {
    var chain = new GradientTransform[random.nextInt(5)];
    for (int i = 0; i < chain.length; i++) {
      chain[i] = transform(random);
    }
    return chain;
  }

  private static GradientTransform transform(Random random) {
    double size = Math.exp(3 * random.nextGaussian());
    double decay = random.nextDouble();
    return switch (random.nextInt(6)) {
      case 0 -> GradientTransform.globalNorm(size);
      case 1 -> GradientTransform.value(size);
      case 2 -> GradientTransform.adaClip(decay);
      case 3 -> new GradientTransform.AdaGN(decay, random.nextDouble(), 1e-8, random.nextBoolean());
      case 4 -> new GradientTransform.Agc(size / 10, 1e-3);
      default -> new GradientTransform.ZClip(decay, 0.5 + random.nextDouble(), 2);
    };
  }

  /** Normal values, some of them spikes; no zeros. */
  public static float[] spiky(Random random, int n) {
    float[] values = Runs.draw(random, n, 8);
    for (int i = 0; i < n; i++) {
      values[i] += Math.copySign(1e-3f, values[i]);
    }
    return values;
  }

  public static float maxAbs(float[] values) {
    float max = 0;
    for (float value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }

  public static double norm(float[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value * value;
    }
    return Math.sqrt(sum);
  }
}
