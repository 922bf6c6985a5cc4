package io.spam4j.engine;

/**
 * What a step did, as a whole and to each tensor. One object for the life of an optimizer: the next
 * step overwrites it, so that a step allocates nothing. All numbers but {@link #nanos} are the same
 * at any thread count and vector width.
 */
public interface StepReport {
  /** The number of this step, counted from 1. A skipped step has the number it would have had. */
  long step();

  /** Whether {@link NonFinitePolicy#SKIP_STEP} made this step a no-op. */
  boolean isSkipped();

  /** Whether both moments were reset to zero before this step's gradient was added. */
  boolean isMomentumReset();

  /** The factor on the learning rate after a reset, in (0, 1]; 1 when no warm-up is on. */
  double warmupScale();

  /**
   * The learning rate of the tensors that have the builder's own schedule; of all if none has, NaN
   * if those differ. Adafactor's relative step is that of a tensor updated at each step. Without
   * the warm-up after a reset.
   */
  double learningRate();

  /**
   * The learning rate of tensor {@code i}, without the warm-up after a reset: its group's, or
   * Adafactor's relative step of its own updates. One without a gradient tells that of its next
   * update.
   */
  double learningRate(int i);

  /**
   * Whether tensor {@code i} had a gradient in this step; if not its weights stayed as they were.
   */
  boolean hasGradient(int i);

  /**
   * How many tensors had no gradient in this step: more than expected where a source of gradients
   * knows them by other names.
   */
  int tensorsWithoutGradient();

  /**
   * The Euclidean norm of all finite gradient coordinates before any transform; NaN unless
   * gradients were measured, which a transform that looks at norms or maxima makes them. With
   * {@link NonFinitePolicy#PROPAGATE} all coordinates count: one that is infinite makes the norm
   * infinite, one that is NaN makes it NaN.
   */
  double gradientNorm();

  /** The same of tensor {@code i} alone. */
  double gradientNorm(int i);

  /** The factor that the transforms put on tensor {@code i} as a whole; 1 if none did. */
  double gradientScale(int i);

  /** The time of the step in nanoseconds. */
  long nanos();

  /**
   * The bytes the step read and wrote: 28 a weight that has two moments, 4 more a weight when
   * gradients were measured.
   */
  long bytes();

  /** The number of tensors; those without a gradient count too. */
  int tensors();

  /** The name of tensor {@code i}, in the order of {@link Optimizer#parameters}. */
  String name(int i);

  /**
   * Whether no weight of tensor {@code i} is selected at this step, so that the tensor stays as it
   * is, unless weights without moments move. Only a tensor of which some weights have moments can
   * be so: where coins or the caller select none, or before the first gradient to select by.
   */
  boolean isUnselected(int i);

  /** How many coordinates of tensor {@code i} were spikes and were clipped. */
  long spikes(int i);

  /** How many coordinates of tensor {@code i} were spikes since the start of the run. */
  long totalSpikes(int i);

  /** How many coordinates of all tensors were spikes and were clipped. */
  long spikes();

  /**
   * The largest g^2 / v over the finite coordinates of tensor {@code i} whose second moment v was
   * not 0 (v as it was before this step, g as the optimizer saw it before clipping spikes; squares
   * below the smallest normal float left out); 0 if there were none. A spike is a coordinate where
   * this exceeds the spike threshold.
   */
  float largestRatio(int i);

  /**
   * Where {@link #largestRatio(int)} was: the index of the coordinate in the flat, row-major tensor
   * {@code i}, of several with the same ratio the lowest; -1 if the ratio is 0. Of a tensor of
   * which only some weights have moments it is the index in the whole tensor too.
   */
  long largestRatioIndex(int i);

  /** The largest g^2 / v over all tensors. */
  float largestRatio();

  /** How many coordinates of tensor {@code i} were NaN or Inf and left their weight untouched. */
  long skippedCoordinates(int i);

  /** How many coordinates of all tensors were NaN or Inf and left their weight untouched. */
  long skippedCoordinates();

  /** How many coordinates of tensor {@code i} {@link GradientTransform.AdaClip} lowered. */
  long loweredCoordinates(int i);

  /** How many coordinates of all tensors {@link GradientTransform.AdaClip} lowered. */
  long loweredCoordinates();

  /**
   * How many coordinates of tensor {@code i} were limited in size: to 1e18, so that their square
   * fits a float, or to the limit of {@link GradientTransform#value}.
   */
  long clampedCoordinates(int i);

  /** How many coordinates of all tensors were limited in size. */
  long clampedCoordinates();
}
