package io.spam4j.engine;

import io.spam4j.engine.internal.math.NamePattern;
import io.spam4j.engine.internal.math.Ranges;
import java.util.List;

/**
 * What happens to gradients before an optimizer sees them. Transforms are applied in the order
 * given to {@link io.spam4j.engine.optimizers.OptimizerBuilder#transforms}; each sees what the ones
 * before it left. The caller's gradients are never written to.
 *
 * <p>Those that look at a whole gradient first cost one more pass over all gradients, together; a
 * part of a gradient that one transform changed is measured again if a later one looks at it.
 *
 * <p>Coordinates that are not finite are left out of all norms and maxima and pass as they are, for
 * the update to skip. Only with {@link NonFinitePolicy#PROPAGATE} they take part:
 *
 * <ul>
 *   <li>{@link #globalNorm} and {@link Agc}: an infinite norm makes the factor 0, so that what was
 *       infinite becomes NaN and all else 0; a norm that is NaN makes all NaN. As {@code
 *       clip_grad_norm_} of torch and {@code adaptive_grad_clip} of Optax.
 *   <li>{@link ZClip}: the same, and the history stays finite; but in its first steps, which are
 *       let through, the history does not, and nothing is clipped any more.
 *   <li>{@link #value}: limits what is infinite, leaves NaN, as {@code clip_grad_value_} of torch.
 *   <li>{@link AdaClip} and {@link AdaGN}, as the authors' code: the history becomes infinite or
 *       NaN, for good. Then AdaClip lowers nothing any more and AdaGN makes NaN of the tensor; of a
 *       norm that is NaN it leaves the gradient of that step as it is.
 * </ul>
 */
public sealed interface GradientTransform {
  /**
   * Multiplies all gradients by a constant: {@code scale(1.0 / n)} makes a mean of gradients that
   * were added over n batches. Costs no pass of its own. No state.
   *
   * <p>A coordinate that a factor above 1 makes infinite is one that is not finite, and so left out
   * or skipped, or the step is; {@link NonFinitePolicy#THROW} and {@link NonFinitePolicy#SKIP_STEP}
   * see it where no other transform comes before, else only the coordinate is skipped. Not on
   * devices.
   *
   * @param factor positive, and so is the float nearest to it, and finite
   */
  static GradientTransform scale(double factor) {
    return new Scale(factor);
  }

  /**
   * Scales all gradients of a step so that their common Euclidean norm is at most {@code maxNorm}:
   * by {@code min(1, maxNorm / (norm + 1e-6))}, as {@code torch.nn.utils.clip_grad_norm_} does
   * (Pascanu et al., arXiv 1211.5063). No state.
   *
   * @param maxNorm positive and finite
   */
  static GradientTransform globalNorm(double maxNorm) {
    return new GlobalNorm(maxNorm);
  }

  /**
   * Limits each gradient coordinate to {@code [-limit, limit]}. No state.
   *
   * @param limit positive, and such that a float can hold it
   */
  static GradientTransform value(double limit) {
    return new Value(limit);
  }

  /** {@link AdaClip} as Stable-SPAM uses it: decay 0.999. */
  static GradientTransform adaClip() {
    return new AdaClip(0.999);
  }

  /**
   * See {@link AdaClip}.
   *
   * @param decay in [0, 1)
   */
  static GradientTransform adaClip(double decay) {
    return new AdaClip(decay);
  }

  /** {@link AdaGN} as Stable-SPAM recommends it for 4-bit training: decays 0.7 and 0.9. */
  static GradientTransform adaGN() {
    return new AdaGN(0.7, 0.9, 1e-8, true);
  }

  /**
   * {@link AdaGN} on its own, as the authors' later GradientStabilizer (arXiv 2502.17055 v3):
   * decays 0.6 and 0.999, eps 1e-12, gradients whose norm is 0 do not count.
   */
  static GradientTransform gradientStabilizer() {
    return new AdaGN(0.6, 0.999, 1e-12, false);
  }

  /** {@link Agc} with the paper's clipping of 0.01 and eps of 1e-3. */
  static GradientTransform agc() {
    return new Agc(0.01, 1e-3);
  }

  /** {@link ZClip} with the paper's alpha of 0.97, threshold of 2.5 and warm-up of 25 steps. */
  static GradientTransform zClip() {
    return new ZClip(0.97, 2.5, 25);
  }

  /**
   * This transform for some parameters only: it neither changes the gradients of others nor looks
   * at them.
   *
   * @param patterns one or more for whole names, as in {@link
   *     io.spam4j.engine.optimizers.OptimizerBuilder#group}; each must match a parameter
   */
  default GradientTransform only(String... patterns) {
    return new Some(this, List.of(patterns), /* isExcept= */ false);
  }

  /**
   * This transform for all parameters but some, as AGC spares the last layer: {@code
   * agc().except("head.*")}.
   *
   * @param patterns as of {@link #only}
   */
  default GradientTransform except(String... patterns) {
    return new Some(this, List.of(patterns), /* isExcept= */ true);
  }

  /**
   * See {@link GradientTransform#scale}.
   *
   * @param factor positive, and so is the float nearest to it, and finite
   */
  record Scale(double factor) implements GradientTransform {
    /** Checks the factor. */
    public Scale {
      if (!((float) factor > 0 && (float) factor < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "factor must be positive and finite as a float: factor=" + factor);
      }
    }
  }

  /**
   * See {@link GradientTransform#only} and {@link GradientTransform#except}.
   *
   * @param transform for some parameters; not one of these itself
   * @param patterns for their names
   * @param isExcept whether it is for all others instead
   */
  record Some(GradientTransform transform, List<String> patterns, boolean isExcept)
      implements GradientTransform {
    /** Checks the patterns. */
    public Some {
      patterns = List.copyOf(patterns);
      if (patterns.isEmpty() || transform instanceof Some) {
        throw new IllegalArgumentException(
            "a transform for some parameters must have patterns, and be restricted once: transform=%s, patterns=%s"
                .formatted(transform, patterns));
      }
    }

    /** Whether the transform is for a parameter of this name. */
    public boolean isFor(String parameter) {
      return isExcept
          != patterns.stream().anyMatch(pattern -> NamePattern.matches(pattern, parameter));
    }
  }

  /**
   * See {@link GradientTransform#globalNorm}.
   *
   * @param maxNorm positive and finite
   */
  record GlobalNorm(double maxNorm) implements GradientTransform {
    /** Checks the limit. */
    public GlobalNorm {
      Ranges.positive("maxNorm", maxNorm);
      Ranges.float0OrMore("maxNorm", maxNorm);
    }
  }

  /**
   * See {@link GradientTransform#value}.
   *
   * @param limit positive and finite
   */
  record Value(double limit) implements GradientTransform {
    /** Checks the limit. */
    public Value {
      Ranges.positive("limit", limit);
      Ranges.float0OrMore("limit", limit);
    }
  }

  /**
   * Clips each tensor's gradient at a running mean of its largest magnitude (Stable-SPAM, arXiv
   * 2502.17055, AdaClip):
   *
   * <pre>
   * M = max |g|;  T = decay T + (1 - decay) M;  T^ = T / (1 - decay^k)
   * where |g| &gt; T^:  g = g / M * T^
   * </pre>
   *
   * <p>State: one number a tensor, {@code m_max_t}.
   *
   * @param decay gamma3, in [0, 1)
   */
  record AdaClip(double decay) implements GradientTransform {
    /** Checks the decay. */
    public AdaClip {
      Ranges.decay("clipDecay", decay);
    }
  }

  /**
   * Gives each tensor's gradient a norm made of the history of its norms (Stable-SPAM, arXiv
   * 2502.17055, AdaGN):
   *
   * <pre>
   * n = ||g||;  mu = meanDecay mu + (1 - meanDecay) n;  nu = squareDecay nu + (1 - squareDecay) n^2
   * g = g / n * (mu / (1 - meanDecay^k)) / (sqrt(nu / (1 - squareDecay^k)) + eps)
   * </pre>
   *
   * <p>A single norm spike leaves at most {@code (1 - meanDecay) / sqrt(1 - squareDecay)} in the
   * long run: 0.95 with (0.7, 0.9), 12.6 with (0.6, 0.999), 47 with (0.85, 0.99999). State: two
   * numbers a tensor, {@code m_norm_t} and {@code v_norm_t}.
   *
   * @param meanDecay gamma1, in [0, 1)
   * @param squareDecay gamma2, in [0, 1)
   * @param epsilon finite, not negative
   * @param countsZeroNorms whether a gradient that is 0 throughout counts in the history
   */
  record AdaGN(double meanDecay, double squareDecay, double epsilon, boolean countsZeroNorms)
      implements GradientTransform {
    /** Checks the values. */
    public AdaGN {
      Ranges.decay("normMeanDecay", meanDecay);
      Ranges.decay("normSquareDecay", squareDecay);
      Ranges.notNegative("normEpsilon", epsilon);
    }
  }

  /**
   * Adaptive gradient clipping (Brock et al., arXiv 2102.06171, equation 3): a row of the gradient,
   * whose weights have the norm W and whose own norm is G, is scaled by {@code clipping max(W,
   * epsilon) / G} if that is less than 1. A row is what belongs to one index of the first
   * dimension; a tensor of less than two dimensions is one row. No state.
   *
   * @param clipping lambda, positive and finite
   * @param epsilon the least norm that weights are taken to have, positive and finite
   */
  record Agc(double clipping, double epsilon) implements GradientTransform {
    /** Checks the values. */
    public Agc {
      Ranges.positive("clipping", clipping);
      Ranges.positive("epsilon", epsilon);
    }
  }

  /**
   * Clips the global norm where it is an outlier of its own history (ZClip, arXiv 2504.02507):
   *
   * <pre>
   * z = (n - mean) / (deviation + 1e-6);  if z &gt; threshold:  n' = mean + threshold^2 / z * deviation
   * mean = decay mean + (1 - decay) n';  variance = decay variance + (1 - decay) (n' - mean)^2
   * </pre>
   *
   * <p>and all gradients are scaled by n' / (n + 1e-6) if n was an outlier. The first {@code
   * warmupSteps} norms are let through; mean and variance start with theirs. The authors' class
   * also clips to a norm of 1 at the end and during the warm-up; put {@link #globalNorm} behind it
   * for that. State: three numbers for all tensors together.
   *
   * @param decay alpha, in [0, 1)
   * @param threshold positive and finite
   * @param warmupSteps at least 2
   */
  record ZClip(double decay, double threshold, int warmupSteps) implements GradientTransform {
    /** Checks the values. */
    public ZClip {
      Ranges.decay("decay", decay);
      Ranges.positive("threshold", threshold);
      if (warmupSteps < 2) {
        throw new IllegalArgumentException(
            "warmupSteps must be at least 2: warmupSteps=" + warmupSteps);
      }
    }
  }
}
