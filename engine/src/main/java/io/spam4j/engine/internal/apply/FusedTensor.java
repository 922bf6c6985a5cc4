package io.spam4j.engine.internal.apply;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.kernel.UpdateForm;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.engine.internal.kernel.UpdateLoops;
import io.spam4j.engine.internal.state.RoundingKey;
import io.spam4j.engine.internal.state.StoredMoments;
import io.spam4j.engine.internal.state.StoredWeights;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * One tensor of the fused update: what is decided of it, where weights and moments lie, and in
 * which form its pieces are updated.
 */
final class FusedTensor {
  final int index;
  final boolean isOnePiece; // of the plan: whoever updates it decides it too
  final UpdateCoefficients c = new UpdateCoefficients();
  final StoredWeights weights;
  StoredMoments moments; // elsewhere when a selection changes
  long count; // of the moments: one a weight, or one a selected weight
  final RoundingKey key;
  private final AdamSettings adam;

  private final PieceForm usual;
  private final @Nullable Weights ofWeights; // null if the update needs copies of what is stored
  private final @Nullable DType ofMoments;
  private @Nullable UpdateForm ofLoop;
  private PieceForm form;

  /**
   * A tensor of which nothing is decided yet.
   *
   * @param usual its form unless another one is chosen; none is but for {@link StagedForm}
   */
  FusedTensor(
      int index,
      Parameter parameter,
      boolean isSparse,
      AdamSettings adam,
      SequencedMap<String, Tensor> state,
      PieceForm usual) {
    this.index = index;
    this.usual = usual;
    form = usual;
    isOnePiece = !isSparse && parameter.weights().elements() <= WorkPlan.UNIT;
    key = new RoundingKey(adam.seed, parameter.name());
    weights = new StoredWeights(parameter, adam.weightRounding, key, state.get(StateNames.LOW));
    this.adam = adam;
    moments = StoredMoments.of(adam, key, state);
    count = count(state);
    ofWeights = weights.form();
    DType type = moments.form();
    ofMoments = type != null && UpdateLoops.exist(type) ? type : null;
  }

  private static long count(SequencedMap<String, Tensor> state) {
    return Objects.requireNonNull(state.get(StateNames.FIRST)).elements();
  }

  /** Takes other state for its own. */
  void readState(SequencedMap<String, Tensor> state) {
    moments = StoredMoments.of(adam, key, state);
    count = count(state);
  }

  /** Takes state for its own that something else than a step has filled. */
  void readRestoredState(SequencedMap<String, Tensor> state) {
    moments = StoredMoments.restored(adam, key, state);
    count = count(state);
  }

  /** How its pieces are updated. */
  PieceForm form() {
    return form;
  }

  /**
   * Chooses the form for a step, of which the coefficients are decided: a vector loop, if there is
   * one for streams as they lie. Settings that once did not allow something never do again: a
   * clipped gradient has a factor at some steps only, and each loop takes a while to be compiled.
   */
  void chooseForm(Tensor gradient) {
    if (!(usual instanceof StagedForm staged)) {
      return;
    }
    if (ofWeights == null || ofMoments == null || !gradient.memory().isNative()) {
      form = staged;
      return;
    }
    boolean half = gradient.dtype() == DType.BF16;
    Settings settings = Settings.of(c);
    UpdateForm before = ofLoop;
    if (before != null && before.settings().compareTo(settings) < 0) {
      settings = before.settings();
    }
    if (form == staged
        || before == null
        || before.halfGradient() != half
        || before.settings() != settings) {
      ofLoop = new UpdateForm(ofWeights, half, ofMoments, settings);
      form = staged.withLoop(ofLoop, moments.isCodes());
    }
  }

  /** Whether weights and moments are float32. */
  boolean isFloat32() {
    return weights.isFloat32() && !moments.isStaged();
  }

  /** The bytes that an update reads and writes: the gradient, and weights and state twice. */
  long bytes(Tensor gradient) {
    return count * (gradient.dtype().bytes(1) + 2L * weights.bytesEach()) + 2 * moments.bytes();
  }
}
