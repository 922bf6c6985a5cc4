package io.spam4j.engine.checkpoint;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * All that a run depends on from here on, apart from gradients: what a checkpoint holds. Tensors
 * and masks are the live ones.
 *
 * @param optimizer the name of the algorithm
 * @param steps done
 * @param nonFiniteSteps consecutive steps, up to the last, with gradients that were not finite
 * @param settings what holds for all parameters, as text
 * @param selectedShape what state is expected where weights are selected
 */
public record TrainingState(
    String optimizer,
    long steps,
    long nonFiniteSteps,
    SequencedMap<String, String> settings,
    List<OfParameter> parameters,
    SelectedShape selectedShape) {
  /** The shape of a state tensor of a parameter of which so many weights are selected. */
  @FunctionalInterface
  public interface SelectedShape {
    /**
     * The shape.
     *
     * @param state the name of the tensor
     * @param count of selected weights
     * @param shape of the weights
     */
    List<Long> of(String state, long count, List<Long> shape);
  }

  /**
   * What belongs to one parameter.
   *
   * @param shape of the weights
   * @param dtype of the weights
   * @param weights themselves; null if they are elsewhere and are not saved
   * @param hyperparameters as text, the learning rate being that of the next step
   * @param updates how often it was updated
   * @param updatesSinceReset the same since its moments were last reset
   * @param spikes coordinates that were spikes, over all steps
   * @param tensors state by names in files
   * @param isPacked whether only selected weights have state
   * @param mask which weights have state; null if all have, or none yet
   * @param scalars the history that transforms keep
   */
  public record OfParameter(
      String name,
      List<Long> shape,
      DType dtype,
      @Nullable Tensor weights,
      SequencedMap<String, String> hyperparameters,
      long updates,
      long updatesSinceReset,
      long spikes,
      SequencedMap<String, Tensor> tensors,
      boolean isPacked,
      @Nullable IndexMask mask,
      Map<String, Double> scalars) {}
}
