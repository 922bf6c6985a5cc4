package io.spam4j.cuda.kernels;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import io.spam4j.engine.device.DeviceTables;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;

/** One step of a gradient transform that the device decides: tables of random statistics. */
final class LinkTables {
  static final int GLOBAL_NORM = 1;
  static final int ZCLIP = 2;
  static final int ADA_CLIP = 3;
  static final int ADA_GN = 4;

  static final int GRADIENT_SCALE = 0;
  static final int CLIP = 1;
  static final int NORM_SCALE = 2;

  static final int SHARED_COUNTER = 1;
  static final int COUNTS_ZERO_NORMS = 2;
  static final int POISONS = 4;

  /** A transform: its row of the table of links. */
  record Link(int type, int place, int flags, List<Double> numbers) {
    double number(int index) {
      return numbers.get(index);
    }

    boolean has(int flag) {
      return (flags & flag) != 0;
    }
  }

  /** What the links of the engine know of a tensor. */
  static final class Incoming {
    boolean hasGradient = true;
    long elements;
    double sumOfSquares;
    double maxAbs;
    long nonFinite;
    boolean hasNaN;
    long sinceReset;

    boolean isKnown(Link link) {
      return hasGradient && (link.has(POISONS) || nonFinite < elements);
    }

    private boolean isPoisoned(Link link) {
      return link.has(POISONS) && nonFinite > 0;
    }

    float maxAbs(Link link) {
      return isPoisoned(link) ? (float) poison() : (float) maxAbs;
    }

    double sumOfSquares(Link link) {
      return isPoisoned(link) ? poison() : sumOfSquares;
    }

    private double poison() {
      return hasNaN ? Double.NaN : Double.POSITIVE_INFINITY;
    }

    long nonFiniteField() {
      return hasNaN ? nonFinite + DeviceTables.HAS_NAN : nonFinite;
    }
  }

  final Incoming[] incoming;
  final Incoming total = new Incoming();
  final ByteBuffer coefficients;

  /**
   * Launches the decision of a step.
   *
   * @param anyKnown false for a step at which no tensor has a gradient
   * @param poisoned whether there are coordinates that are not finite in tensors with others
   */
  LinkTables(
      HostKernels kernels,
      Link link,
      ByteBuffer history,
      int tensors,
      Random random,
      boolean anyKnown,
      boolean poisoned) {
    incoming = new Incoming[tensors];
    coefficients = kernels.memory(80L * tensors, 0);
    ByteBuffer rows = kernels.memory(64L * tensors, 0);
    ByteBuffer states = kernels.memory(24L * tensors, 8);
    ByteBuffer all = kernels.memory(24, 8);
    ByteBuffer gradient = kernels.memory(4, 0);
    for (int i = 0; i < tensors; i++) {
      Incoming in = draw(random, poisoned);
      in.hasGradient &= anyKnown;
      incoming[i] = in;
      if (in.hasGradient) {
        kernels.point(rows, 64 * i + 8, gradient);
      }
      rows.putLong(64 * i + 40, in.elements);
      states.putDouble(in.sumOfSquares).putDouble(in.maxAbs).putLong(in.nonFiniteField());
      // What changes nothing, as the host writes it; the rest must stay as it is.
      coefficients.position(80 * i);
      coefficients
          .putFloat(1)
          .putFloat(Float.POSITIVE_INFINITY)
          .putFloat(1)
          .putFloat(1)
          .putFloat(1);
      while (coefficients.position() < 80 * i + 72) {
        coefficients.putFloat(coefficients.position());
      }
      coefficients.putLong(in.sinceReset);
      total.sumOfSquares += in.sumOfSquares;
      total.nonFinite += in.nonFinite;
      total.hasNaN |= in.hasNaN;
    }
    all.putDouble(total.sumOfSquares).putDouble(0).putLong(total.nonFiniteField());
    ByteBuffer links = kernels.memory(64, 0);
    links.putInt(link.type).putInt(link.place).putInt(link.flags).putInt(0);
    for (double number : link.numbers) {
      links.putDouble(number);
    }
    if (link.type == GLOBAL_NORM || link.type == ZCLIP) {
      kernels.launch(
          Kernel.DECIDE_NORM, 1, links, rows, states, all, history, coefficients, tensors);
    } else {
      int blocks = (tensors + 255) / 256;
      kernels.launch(
          Kernel.DECIDE_TENSORS, blocks, links, rows, states, history, coefficients, tensors);
    }
  }

  private static Incoming draw(Random random, boolean poisoned) {
    var in = new Incoming();
    in.elements = 1L + random.nextInt(1000);
    in.sinceReset = 1 + (random.nextLong() >>> (1 + random.nextInt(62)));
    float largest = (float) Math.exp(4 * random.nextGaussian());
    switch (random.nextInt(12)) {
      case 0 -> in.hasGradient = false;
      case 1 -> in.nonFinite = in.elements;
      case 2 -> in.nonFinite = poisoned ? in.elements / 2 : 0;
      case 3 -> in.sumOfSquares = 0;
      case 4 -> largest = Float.MAX_VALUE * random.nextFloat();
      case 5 -> largest = Float.MIN_VALUE * random.nextInt(3);
      default -> {}
    }
    in.hasNaN = in.nonFinite > 0 && random.nextBoolean();
    boolean isZero = random.nextInt(10) == 0 || !in.hasGradient || in.nonFinite == in.elements;
    in.maxAbs = isZero ? 0 : largest;
    in.sumOfSquares = in.maxAbs * in.maxAbs * (1 + in.elements * random.nextDouble());
    return in;
  }
}
