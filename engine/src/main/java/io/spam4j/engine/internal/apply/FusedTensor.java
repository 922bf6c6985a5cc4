package io.spam4j.engine.internal.apply;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.kernel.UpdateForm;
import io.spam4j.engine.internal.kernel.UpdateForm.Moments;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.internal.kernel.UpdateLoop;
import io.spam4j.engine.internal.kernel.UpdateLoops;
import io.spam4j.engine.internal.state.RoundingKey;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.state.StoredMoments;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** One tensor of the fused update: what is decided of it, and where weights and moments lie. */
final class FusedTensor {
  final int index;
  final long elements;
  final boolean isOnePiece; // of the plan: whoever updates it decides it too
  final UpdateCoefficients c = new UpdateCoefficients();
  final StoredWeights weights;
  StoredMoments moments; // elsewhere when a selection changes
  final RoundingKey key;
  private final @Nullable Weights ofWeights; // null if the update needs copies of what is stored
  private final @Nullable Moments ofMoments;
  private @Nullable UpdateForm form;
  private @Nullable UpdateLoop loop;
  private final AdamSettings adam;

  FusedTensor(
      int index,
      Parameter parameter,
      boolean isSparse,
      AdamSettings adam,
      SequencedMap<String, Tensor> state) {
    this.index = index;
    elements = parameter.weights().elements();
    isOnePiece = !isSparse && elements <= WorkPlan.UNIT;
    key = new RoundingKey(adam.seed, parameter.name());
    weights = new StoredWeights(parameter, adam, key, state.get(StateNames.LOW));
    this.adam = adam;
    moments = StoredMoments.of(adam, key, state);
    ofWeights = weights.form();
    ofMoments = moments.form();
  }

  /** Takes other state for its own. */
  void readState(SequencedMap<String, Tensor> state) {
    moments = StoredMoments.of(adam, key, state);
  }

  /** Takes state for its own that something else than a step has filled. */
  void readRestoredState(SequencedMap<String, Tensor> state) {
    moments = StoredMoments.restored(adam, key, state);
  }

  /**
   * Chooses the vector loop for a step, of which the coefficients are decided. Settings that once
   * did not allow something never do again: a clipped gradient has a factor at some steps only, and
   * each form takes a while to be compiled.
   */
  void chooseLoop(Tensor gradient) {
    boolean canVectors = ofMoments != null && UpdateLoops.exist(ofMoments);
    if (ofWeights == null || ofMoments == null || !canVectors || !gradient.memory().isNative()) {
      loop = null;
      return;
    }
    boolean half = gradient.dtype() == DType.BF16;
    Settings settings = Settings.of(c);
    UpdateForm before = form;
    if (before != null && before.settings().compareTo(settings) < 0) {
      settings = before.settings();
    }
    if (loop == null
        || before == null
        || before.halfGradient() != half
        || before.settings() != settings) {
      form = new UpdateForm(ofWeights, half, ofMoments, settings);
      loop = UpdateLoops.of(form);
    }
  }

  /** Whether weights and moments are float32. */
  boolean isFloat32() {
    return weights.isFloat32() && !moments.isStaged();
  }

  /** The vector loop that updates all streams where they lie; null if some need copies. */
  @Nullable UpdateLoop loop() {
    return loop;
  }

  /** The bytes that an update reads and writes: the gradient, and weights and state twice. */
  long bytes(Tensor gradient, long updated) {
    return updated * (gradient.dtype().bytes(1) + 2L * weights.bytesEach()) + 2 * moments.bytes();
  }
}
