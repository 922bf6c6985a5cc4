package io.spam4j.examples.llama;

import io.spam4j.javacpp.pytorch.TorchLibraries;
import java.util.function.BinaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Values of 4 bits in float32 tensors, as the code released with Stable-SPAM computes them: each
 * group of 256 elements that follow each other in memory order, across rows if need be, has a scale
 * of its own. Results have the shape of the argument and exactly the values of the grid; gradients
 * pass as if nothing had been rounded. All round half to even. What is not a number stays so.
 *
 * <p>Each method throws {@code IllegalArgumentException} if the number of elements is no multiple
 * of 256.
 */
final class FakeQuant {
  static {
    TorchLibraries.load();
  }

  static final int GROUP = 256;

  /* The floors keep groups of zeros from being divided by zero. */
  private static final double LEAST_RANGE = 1e-5;
  private static final double LEAST_MAGNITUDE = 1e-6;

  private static final double INT4_STEPS = 15;
  private static final double INT4_SIDE = 7;
  private static final double RELEASED_FP4_SIDE = 4;
  private static final double E2M1_LARGEST = 6;

  private FakeQuant() {}

  /**
   * 16 levels between a group's least and its largest value:
   *
   * <pre>
   * s = max(max - min, 1e-5) / 15
   * z = clamp(-round(min / s), 0, 15)
   * (clamp(round(w / s) + z, 0, 15) - z) s
   * </pre>
   *
   * The zero is always a level. So in a group whose values all have one sign, those farther from
   * zero than {@code max - min} become that; a constant group becomes 1e-5 with its sign. Where min
   * is halfway between levels, as if it is -max, 15 of them are left.
   */
  static Tensor int4Weights(Tensor weights) {
    Tensor groups = groups(weights);
    Tensor least = groups.amin(new long[] {1}, /* keepdim= */ true);
    Tensor range = groups.amax(new long[] {1}, /* keepdim= */ true).sub(least);
    Tensor scale = range.clamp_min(new Scalar(LEAST_RANGE)).div(new Scalar(INT4_STEPS));
    Tensor zero = level(least.div(scale).round().neg());
    Tensor levels = level(groups.div(scale).round().add(zero));
    return straightThrough(weights, levels.sub(zero).mul(scale));
  }

  /**
   * 15 levels: {@code round(7 x / a) a / 7}, where a is a group's largest magnitude after those
   * that are kept, 1e-6 at least; INT4's level -8 is never reached.
   *
   * @param kept how many of the largest magnitudes of a group stay as they are, in [0, 255]
   */
  static Tensor int4Symmetric(Tensor x, int kept) {
    return besideOutliers(x, kept, (groups, a) -> uniform(groups, a, INT4_SIDE));
  }

  /**
   * The 9 levels that the released "FP4" reaches, {@code round(4 x / a) a / 4}: its exponent never
   * leaves the lowest value, so that an even grid is left of its floating-point numbers.
   *
   * @param kept as in {@link #int4Symmetric}; at 0 the released code rounds nothing, this one does
   */
  static Tensor releasedFp4(Tensor x, int kept) {
    return besideOutliers(x, kept, (groups, a) -> uniform(groups, a, RELEASED_FP4_SIDE));
  }

  /**
   * The 15 numbers of E2M1, 0 0.5 1 1.5 2 3 4 6 and their negatives, times a / 6.
   *
   * @param kept as in {@link #int4Symmetric}
   */
  static Tensor e2m1(Tensor x, int kept) {
    return besideOutliers(
        x,
        kept,
        (groups, a) -> {
          Tensor scale = a.div(new Scalar(E2M1_LARGEST));
          Tensor scaled = groups.div(scale);
          Tensor step = e2m1Step(scaled.abs());
          return scaled.div(step).round().mul(step).mul(scale);
        });
  }

  /** What lies between neighbours of the grid: 0.5 below 2, 1 below 4, 2 above. */
  private static Tensor e2m1Step(Tensor magnitude) {
    Tensor coarse = torch.where(magnitude.lt(new Scalar(4.0)), new Scalar(1.0), new Scalar(2.0));
    return torch.where(magnitude.lt(new Scalar(2.0)), new Scalar(0.5), coarse);
  }

  private static Tensor uniform(Tensor groups, Tensor largest, double side) {
    var levels = new Scalar(side);
    return groups.mul(levels).div(largest).round().mul(largest).div(levels);
  }

  /** Rounds by (groups, largest magnitude of each), then puts back what is kept. */
  private static Tensor besideOutliers(Tensor x, int kept, BinaryOperator<Tensor> grid) {
    if (kept < 0 || kept >= GROUP) {
      throw new IllegalArgumentException("kept must be in [0, 255]: kept=" + kept);
    }
    Tensor groups = groups(x);
    // Indices, not a threshold: where magnitudes are equal, no more are kept than asked.
    Tensor order = groups.abs().topk(kept + 1, 1, /* largest= */ true, /* sorted= */ true).get1();
    Tensor outliers = order.narrow(1, 0, kept);
    Tensor largest =
        groups.gather(1, order.narrow(1, kept, 1)).abs().clamp_min(new Scalar(LEAST_MAGNITUDE));
    Tensor rounded = grid.apply(groups, largest);
    return straightThrough(x, rounded.scatter(1, outliers, groups.gather(1, outliers)));
  }

  private static Tensor groups(Tensor x) {
    if (x.numel() % GROUP != 0) {
      throw new IllegalArgumentException(
          "elements must be a multiple of the group: elements=%d, group=%d"
              .formatted(x.numel(), GROUP));
    }
    return x.detach().reshape(-1, GROUP);
  }

  private static Tensor level(Tensor x) {
    return x.clamp(new ScalarOptional(new Scalar(0.0)), new ScalarOptional(new Scalar(INT4_STEPS)));
  }

  /** x - detach(x) is zero to the last bit and has the gradient; the usual x + (q - x) rounds. */
  private static Tensor straightThrough(Tensor x, Tensor rounded) {
    return x.sub(x.detach()).add(rounded.reshape_as(x));
  }
}
