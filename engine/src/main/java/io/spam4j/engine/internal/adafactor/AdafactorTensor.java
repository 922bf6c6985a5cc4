package io.spam4j.engine.internal.adafactor;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.engine.internal.measure.PartialSums;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** One tensor of {@code Adafactor}: how it is cut, its state and its numbers at this step. */
final class AdafactorTensor {
  final MatrixTiles tiles;
  final AdafactorCoefficients c = new AdafactorCoefficients();

  /** Of a tensor of matrices; null for a vector. */
  final @Nullable FactoredMoments matrix;

  /** v of a vector; null for matrices. */
  final @Nullable MemorySegment second;

  /** m; null without beta1. */
  final @Nullable MemorySegment first;

  private final AdafactorSettings settings;
  private final Hyperparameters h;
  private final PartialSums updateSums; // one a piece
  private final PartialSum total = new PartialSum();
  private double alpha;

  AdafactorTensor(
      Arena arena,
      Tensor weights,
      SequencedMap<String, Tensor> state,
      AdafactorSettings settings,
      Hyperparameters h) {
    this.settings = settings;
    this.h = h;
    tiles = MatrixTiles.of(weights.shape());
    second = memory(state.get(StateNames.SECOND));
    first = memory(state.get(StateNames.FIRST));
    MemorySegment rows = memory(state.get(StateNames.ROWS));
    MemorySegment columns = memory(state.get(StateNames.COLUMNS));
    matrix =
        rows == null || columns == null
            ? null
            : new FactoredMoments(arena, tiles, rows, columns, settings.epsilon1());
    updateSums = new PartialSums(arena, tiles.pieces());
    c.epsilon = (float) settings.epsilon1();
    c.beta1 = (float) settings.beta1();
    c.oneMinusBeta1 = (float) (1 - settings.beta1());
  }

  private static @Nullable MemorySegment memory(@Nullable Tensor tensor) {
    return tensor == null ? null : tensor.memory();
  }

  /** The bytes of working memory of such a tensor. */
  static long scratchBytes(long[] shape) {
    MatrixTiles tiles = MatrixTiles.of(shape);
    return (shape.length < 2 ? 0 : FactoredMoments.scratchBytes(tiles))
        + PartialSums.bytes(tiles.pieces());
  }

  /**
   * Decides all but the size of the step.
   *
   * @param k the updates of this tensor, this one included
   * @param learningRate of this update
   * @param weightSquares the sum of squares of the weights, if steps are scaled by them
   */
  void decide(long k, double learningRate, double weightSquares) {
    double size = Math.sqrt(weightSquares / (tiles.matrices() * tiles.rows() * tiles.columns()));
    double scale = settings.scaleParameter() ? Math.max(settings.epsilon2(), size) : 1;
    alpha = learningRate * scale;
    // k^decayRate; StrictMath.pow would put arrays on the heap.
    double oneMinusBeta2 = StrictMath.exp(settings.decayRate() * StrictMath.log((double) k));
    c.beta2 = (float) (1 - oneMinusBeta2);
    c.oneMinusBeta2 = (float) oneMinusBeta2;
    c.decay = finite(alpha * h.weightDecay());
    if (matrix != null) {
      matrix.beta2 = 1 - oneMinusBeta2;
    }
  }

  /** Keeps the sum of squares of the updates of the piece that starts with this tile. */
  void keepUpdates(long firstTile, PartialSum squares) {
    updateSums.set(firstTile / tiles.perPiece(), squares.sum, squares.count);
  }

  /** Decides the size of the step: alpha / max(1, rms(u) / d). */
  void decideStepSize() {
    updateSums.total(0, tiles.pieces(), 1, total);
    double rms = Math.sqrt(total.sum / total.count);
    c.stepSize = finite(alpha / Math.max(1, rms / settings.clipThreshold()));
  }

  /** Weights may be so large that no float holds the step: an infinite one makes NaN of 0. */
  private static float finite(double factor) {
    boolean isFinite = factor < Double.POSITIVE_INFINITY; // else some weight is not
    return (float) (isFinite ? Math.min(factor, Float.MAX_VALUE) : factor);
  }

  MemorySegment vectorMoments() {
    return Objects.requireNonNull(second);
  }
}
