package io.spam4j.engine.internal.adafactor;

import io.spam4j.engine.internal.baseline.PlainRule;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code Adafactor}, in passes over the tiles of all tensors: second moments; the size of the
 * updates, which needs them; the weights, which need that size. Vectors need no second pass.
 */
public final class AdafactorRule extends PlainRule {
  private final AdafactorTensor[] tensors;
  private final Worker[] workers; // of each participant
  private final @Nullable MeasurePass weightSizes; // null if nothing depends on them
  private final @Nullable Tensor[] measured; // the weights of tensors that have gradients
  private final PlannedJob<StepState> momentPass;
  private final @Nullable PlannedJob<StepState> updatePass; // null if there are only vectors
  private final PlannedJob<StepState> weightPass;

  /** What a participant works with. */
  private static final class Worker {
    final MatrixTiles.Place tile = new MatrixTiles.Place();
    final int[] columnSkips = new int[MatrixTiles.SIDE];
    final MemorySegment columnSquares; // double
    final MemorySegment columnFactors; // float32
    final MemorySegment lanes; // of a sum
    final PartialSum sum = new PartialSum();
    final UpdateTally uncounted = new UpdateTally(); // the last pass counts

    Worker(Arena arena) {
      columnSquares = arena.allocate(MatrixTiles.SIDE * (long) Double.BYTES, 64);
      columnFactors = arena.allocate(MatrixTiles.SIDE * (long) Float.BYTES, 64);
      lanes = arena.allocate(LaneSums.BYTES, 64);
    }

    static long bytes() {
      return MatrixTiles.SIDE * (long) (Double.BYTES + Float.BYTES) + LaneSums.BYTES;
    }
  }

  public AdafactorRule(RuleParts parts, AdafactorSettings settings) {
    super(parts);
    int count = parts.parameters().size();
    int threads = parts.threads();
    tensors = new AdafactorTensor[count];
    long[] tiles = new long[count];
    long[] matrixTiles = new long[count];
    long[] areas = new long[count];
    for (int i = 0; i < count; i++) {
      Tensor weights = parts.parameters().get(i).weights();
      Hyperparameters h = parts.hyperparameters().get(i);
      tensors[i] = new AdafactorTensor(parts.arena(), weights, state(i), settings, h);
      tensors[i].c.skipsNonFinite = parts.keepsNonFinite();
      tiles[i] = tensors[i].tiles.count();
      matrixTiles[i] = tensors[i].matrix == null ? 0 : tiles[i];
      areas[i] = tensors[i].tiles.area();
    }
    workers = new Worker[threads];
    Arrays.setAll(workers, _ -> new Worker(parts.arena()));
    measured = new Tensor[count];
    long[] elements = parts.elements();
    WorkPlan flat = WorkPlan.of(elements);
    weightSizes =
        settings.scaleParameter()
            ? new MeasurePass(
                flat, elements, /* poisons= */ true, parts.arena(), parts.arenas(), threads)
            : null;
    WorkPlan plan = WorkPlan.ofRows(tiles, areas);
    WorkPlan matrixPlan = WorkPlan.ofRows(matrixTiles, areas);
    momentPass = new PlannedJob<>(plan, threads, this::advanceMoments);
    updatePass =
        matrixPlan.units() == 0
            ? null
            : new PlannedJob<>(matrixPlan, threads, this::measureUpdates);
    weightPass = new PlannedJob<>(plan, threads, this::moveWeights);
  }

  /** The bytes of working memory that such a rule allocates. */
  public static long scratchBytes(AdafactorSettings settings, MemoryOutline outline) {
    long bytes = copyBytes(outline.transforms(), outline.threads());
    bytes += Worker.bytes() * outline.threads();
    for (long[] shape : outline.shapes().values()) {
      bytes += AdafactorTensor.scratchBytes(shape);
    }
    if (settings.scaleParameter()) {
      long[] elements = outline.shapes().values().stream().mapToLong(Tensor::elements).toArray();
      bytes += MeasurePass.bytes(elements, outline.threads());
    }
    return bytes;
  }

  @Override
  protected void run(StepState step) {
    if (weightSizes != null) {
      for (int i = 0; i < tensors.length; i++) {
        measured[i] = step.has(i) ? parts.parameters().get(i).weights() : null;
      }
      weightSizes.run(measured);
    }
    for (int i = 0; i < tensors.length; i++) {
      if (step.has(i)) {
        double squares = weightSizes == null ? 0 : weightSizes.sumOfSquares(i);
        tensors[i].decide(step.updates(i), step.learningRates[i], squares);
      }
    }
    momentPass.run(step);
    if (updatePass != null) {
      for (int i = 0; i < tensors.length; i++) {
        FactoredMoments matrix = tensors[i].matrix;
        if (step.has(i) && matrix != null) {
          matrix.combine();
        }
      }
      updatePass.run(step);
    }
    for (int i = 0; i < tensors.length; i++) {
      if (step.has(i)) {
        tensors[i].decideStepSize();
      }
    }
    weightPass.run(step);
  }

  private void advanceMoments(
      StepState step, int tensor, long fromTile, long toTile, int participant) {
    if (!step.has(tensor)) {
      return;
    }
    AdafactorTensor t = tensors[tensor];
    Worker worker = workers[participant];
    if (t.matrix != null) {
      for (long tile = fromTile; tile < toTile; tile++) {
        t.tiles.locate(tile, worker.tile);
        addSquares(step, tensor, t.matrix, worker, participant);
      }
      return;
    }
    long from = fromTile * t.tiles.width();
    long to = Math.min(toTile * t.tiles.width(), t.tiles.columns());
    MemorySegment gradient = gradient(step, tensor, from, to, worker.uncounted, participant);
    worker.sum.clear();
    AdafactorUpdate.vectorMoments(
        t.vectorMoments(), gradient, shift(from), from, to, t.c, worker.sum);
    t.keepUpdates(fromTile, worker.sum);
  }

  private void addSquares(
      StepState step, int tensor, FactoredMoments matrix, Worker worker, int participant) {
    MatrixTiles.Place tile = worker.tile;
    AdafactorTensor t = tensors[tensor];
    worker.columnSquares.fill((byte) 0);
    Arrays.fill(worker.columnSkips, 0, tile.width, 0);
    for (long row = tile.firstRow; row < tile.endRow; row++) {
      long at = row * t.tiles.columns() + tile.firstColumn;
      MemorySegment gradient =
          gradient(step, tensor, at, at + tile.width, worker.uncounted, participant);
      worker.sum.clear();
      AdafactorUpdate.addSquares(
          gradient,
          at + shift(at),
          tile.width,
          worker.columnSquares,
          worker.columnSkips,
          worker.lanes,
          t.c,
          worker.sum);
      matrix.addRow(tile, row, worker.sum);
    }
    matrix.addColumns(tile, worker.columnSquares, worker.columnSkips);
  }

  private void measureUpdates(
      StepState step, int tensor, long fromTile, long toTile, int participant) {
    if (!step.has(tensor)) {
      return;
    }
    AdafactorTensor t = tensors[tensor];
    FactoredMoments matrix = Objects.requireNonNull(t.matrix);
    Worker worker = workers[participant];
    MatrixTiles.Place tile = worker.tile;
    worker.sum.clear();
    for (long number = fromTile; number < toTile; number++) {
      t.tiles.locate(number, tile);
      double mean = matrix.rowMean(tile.matrix);
      matrix.columnFactors(tile, worker.columnFactors);
      LaneSums.clear(worker.lanes, 0);
      long count = 0;
      for (long row = tile.firstRow; row < tile.endRow; row++) {
        long at = row * t.tiles.columns() + tile.firstColumn;
        MemorySegment gradient =
            gradient(step, tensor, at, at + tile.width, worker.uncounted, participant);
        float factor = matrix.rowFactor(row, mean);
        count +=
            AdafactorUpdate.addUpdates(
                gradient,
                at + shift(at),
                tile.width,
                factor,
                worker.columnFactors,
                t.c,
                worker.lanes);
      }
      worker.sum.add(LaneSums.total(worker.lanes, 0), count);
    }
    t.keepUpdates(fromTile, worker.sum);
  }

  private void moveWeights(
      StepState step, int tensor, long fromTile, long toTile, int participant) {
    if (!step.has(tensor)) {
      return;
    }
    AdafactorTensor t = tensors[tensor];
    UpdateTally tally = parts.counts().of(tensor, participant);
    if (t.matrix != null) {
      for (long tile = fromTile; tile < toTile; tile++) {
        t.tiles.locate(tile, workers[participant].tile);
        moveTile(step, tensor, t.matrix, tally, participant);
      }
    } else {
      long from = fromTile * t.tiles.width();
      long to = Math.min(toTile * t.tiles.width(), t.tiles.columns());
      MemorySegment gradient = gradient(step, tensor, from, to, tally, participant);
      AdafactorUpdate.applyVector(
          weights(tensor), t.first, t.vectorMoments(), gradient, shift(from), from, to, t.c, tally);
    }
  }

  private void moveTile(
      StepState step, int tensor, FactoredMoments matrix, UpdateTally tally, int participant) {
    AdafactorTensor t = tensors[tensor];
    Worker worker = workers[participant];
    MatrixTiles.Place tile = worker.tile;
    double mean = matrix.rowMean(tile.matrix);
    matrix.columnFactors(tile, worker.columnFactors);
    for (long row = tile.firstRow; row < tile.endRow; row++) {
      long at = row * t.tiles.columns() + tile.firstColumn;
      MemorySegment gradient = gradient(step, tensor, at, at + tile.width, tally, participant);
      AdafactorUpdate.applyMatrix(
          weights(tensor),
          t.first,
          gradient,
          shift(at),
          at,
          tile.width,
          matrix.rowFactor(row, mean),
          worker.columnFactors,
          t.c,
          tally);
    }
  }

  /** All that is as large as the weights; a mean a row or column is not counted. */
  @Override
  protected long bytes(StepState step) {
    long bytes = 0;
    for (int i = 0; i < tensors.length; i++) {
      long streams = tensors[i].matrix == null ? 7 : 5; // 3 v, 2 g, 2 w; or 3 g, 2 w
      streams += tensors[i].first == null ? 0 : 2;
      streams += weightSizes == null ? 0 : 1;
      long elements = parts.parameters().get(i).weights().elements();
      bytes += step.has(i) ? streams * Float.BYTES * elements : 0;
    }
    return bytes;
  }
}
