package io.spam4j.engine.checkpoint;

import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What {@link io.spam4j.engine.Optimizer#load} does where a checkpoint and the optimizer differ.
 * Without options every difference is an error; each method allows one kind. What was left out then
 * is told by the {@link LoadReport}. Immutable; each method returns a changed copy.
 *
 * <p>Moments and the counters that correct them go together: both are those of the file, or both
 * start as in a new optimizer. Only what means the same is loaded, whatever its name.
 *
 * <pre>{@code
 * optimizer.load(file, LoadOptions.strict().withWeights().allowOtherHyperparameters());
 * }</pre>
 */
public final class LoadOptions {
  /** What can be allowed; the label is the name of the method that does so. */
  enum Difference {
    OPTIMIZER("allowOtherOptimizer"),
    HYPERPARAMETERS("allowOtherHyperparameters"),
    MISSING("allowMissingParameters"),
    EXTRA("allowExtraParameters"),
    SHAPES("allowOtherShapes"),
    TYPES("allowTypeConversion");

    private final String label;

    Difference(String label) {
      this.label = label;
    }

    /** The remedy, as it stands behind a difference. */
    String remedy() {
      return " (" + label + ")";
    }
  }

  private static final LoadOptions STRICT =
      new LoadOptions(EnumSet.noneOf(Difference.class), false, UnaryOperator.identity());

  private final Set<Difference> allowed;
  private final boolean weights;
  private final UnaryOperator<String> names;

  private LoadOptions(Set<Difference> allowed, boolean weights, UnaryOperator<String> names) {
    this.allowed = allowed;
    this.weights = weights;
    this.names = names;
  }

  /** Everything must fit; weights are left as they are. */
  public static LoadOptions strict() {
    return STRICT;
  }

  /**
   * Loads the weights too, which {@link SaveOptions#withWeights} must have saved: those of every
   * parameter of the same shape, whatever becomes of its state.
   */
  public LoadOptions withWeights() {
    return new LoadOptions(allowed, true, names);
  }

  /**
   * Another algorithm, or other state tensors. Adam, AdamW, SPAM and Stable-SPAM have the same
   * moments, but for the scale that AdaGN gives them: those are loaded, with counts that an
   * optimizer which never resets takes since the last reset. What else such an optimizer keeps
   * starts at 0. Between all others, and where the file lacks a moment that is counted with the
   * rest, parameters start as in a new optimizer; the steps of the run go on.
   */
  public LoadOptions allowOtherOptimizer() {
    return allowing(Difference.OPTIMIZER);
  }

  /**
   * Other settings and hyper-parameters: those of the optimizer hold, not those of the file. What a
   * transform remembers is loaded where it and all transforms before it are the same.
   */
  public LoadOptions allowOtherHyperparameters() {
    return allowing(Difference.HYPERPARAMETERS);
  }

  /** Parameters that the file lacks: they start as in a new optimizer. */
  public LoadOptions allowMissingParameters() {
    return allowing(Difference.MISSING);
  }

  /** Parameters that the optimizer lacks: they are left out. */
  public LoadOptions allowExtraParameters() {
    return allowing(Difference.EXTRA);
  }

  /**
   * Parameters of other shapes, or whose state is something else in this optimizer: that of all
   * weights or of some, of gradients of another scale, means by other decays that are too young for
   * their corrections to be 1. They start as in a new optimizer.
   */
  public LoadOptions allowOtherShapes() {
    return allowing(Difference.SHAPES);
  }

  /**
   * State that was saved as F64, F32, F16 or BF16 and that the optimizer keeps as F32 or BF16: it
   * is rounded to the nearest, as {@link LoadReport#rounded} tells. 8-bit state has no conversion.
   */
  public LoadOptions allowTypeConversion() {
    return allowing(Difference.TYPES);
  }

  /**
   * The names of parameters in the file.
   *
   * @param names from the optimizer's name to the file's
   */
  public LoadOptions renaming(UnaryOperator<String> names) {
    return new LoadOptions(
        allowed, weights, Objects.requireNonNull(names, "names must not be null"));
  }

  private LoadOptions allowing(Difference difference) {
    Set<Difference> more = EnumSet.copyOf(allowed);
    more.add(difference);
    return new LoadOptions(more, weights, names);
  }

  boolean allows(Difference difference) {
    return allowed.contains(difference);
  }

  public boolean hasWeights() {
    return weights;
  }

  String nameInFile(String parameter) {
    return names.apply(parameter);
  }
}
