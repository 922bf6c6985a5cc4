package io.spam4j.engine.internal.baseline;

import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.ToLongBiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Adam-mini. Short blocks are measured and updated at once. Long ones are measured in parts first,
 * whose sums are added in order, and updated in a second pass.
 */
public final class AdamMiniRule extends PlainRule {
  private final BlockMoments[] blocks;
  private final AdamMiniCoefficients[] coefficients; // of each tensor
  private final MemorySegment[] first;
  private final PlannedJob<StepState> measureOrUpdate;
  private final @Nullable PlannedJob<StepState> updateLong; // null if no tensor has long blocks
  private final PartialSum[] sums; // of each participant
  private final MemorySegment[] lanes; // of each participant
  private final UpdateTally[] uncounted; // of each participant: the second pass counts

  public AdamMiniRule(RuleParts parts) {
    super(parts);
    int count = parts.parameters().size();
    blocks = new BlockMoments[count];
    coefficients = new AdamMiniCoefficients[count];
    first = new MemorySegment[count];
    long[] partCounts = new long[count];
    long[] lengths = new long[count];
    long[] longElements = new long[count];
    for (int i = 0; i < count; i++) {
      Hyperparameters h = parts.hyperparameters().get(i);
      long elements = parts.parameters().get(i).weights().elements();
      first[i] = memory(i, StateNames.FIRST);
      blocks[i] = new BlockMoments(parts.arena(), memory(i, StateNames.SECOND), elements, h);
      coefficients[i] = coefficients(h);
      partCounts[i] = blocks[i].parts();
      lengths[i] = blocks[i].partLength();
      longElements[i] = blocks[i].isLong() ? partCounts[i] : 0;
    }
    int threads = parts.threads();
    measureOrUpdate =
        new PlannedJob<>(WorkPlan.ofRows(partCounts, lengths), threads, this::measureOrUpdate);
    WorkPlan ofLong = WorkPlan.ofRows(longElements, lengths);
    updateLong = ofLong.units() == 0 ? null : new PlannedJob<>(ofLong, threads, this::updateParts);
    sums = new PartialSum[threads];
    Arrays.setAll(sums, _ -> new PartialSum());
    lanes = new MemorySegment[threads];
    Arrays.setAll(lanes, _ -> parts.arena().allocate(LaneSums.BYTES, 64));
    uncounted = new UpdateTally[threads];
    Arrays.setAll(uncounted, _ -> new UpdateTally());
  }

  private AdamMiniCoefficients coefficients(Hyperparameters h) {
    var c = new AdamMiniCoefficients();
    c.skipsNonFinite = parts.keepsNonFinite();
    c.beta1 = (float) h.beta1();
    c.oneMinusBeta1 = (float) (1 - h.beta1());
    return c;
  }

  /**
   * The bytes of working memory that such a rule allocates.
   *
   * @param blocks of a parameter, by its name and shape
   */
  public static long scratchBytes(ToLongBiFunction<String, long[]> blocks, MemoryOutline outline) {
    long bytes = copyBytes(outline.transforms(), outline.threads());
    bytes += LaneSums.BYTES * outline.threads();
    for (var parameter : outline.shapes().entrySet()) {
      long count = blocks.applyAsLong(parameter.getKey(), parameter.getValue());
      long length = Tensor.elements(parameter.getValue()) / count;
      bytes += BlockMoments.scratchBytes(count, length);
    }
    return bytes;
  }

  @Override
  protected void run(StepState step) {
    for (int i = 0; i < blocks.length; i++) {
      if (step.has(i)) {
        double learningRate = step.learningRates[i];
        double decay = parts.hyperparameters().get(i).weightDecay();
        coefficients[i].moves = learningRate != 0;
        coefficients[i].decayBefore = (float) (1 - learningRate * decay);
        blocks[i].decide(learningRate, step.updates(i));
      }
    }
    measureOrUpdate.run(step);
    if (updateLong != null) {
      for (int i = 0; i < blocks.length; i++) {
        if (step.has(i) && blocks[i].isLong()) {
          blocks[i].advance();
        }
      }
      updateLong.run(step);
    }
  }

  private void measureOrUpdate(
      StepState step, int tensor, long fromPart, long toPart, int participant) {
    if (!step.has(tensor)) {
      return;
    }
    if (blocks[tensor].isLong()) {
      measureParts(step, tensor, fromPart, toPart, participant);
    } else {
      updateParts(step, tensor, fromPart, toPart, participant);
    }
  }

  private void measureParts(
      StepState step, int tensor, long fromPart, long toPart, int participant) {
    BlockMoments moments = blocks[tensor];
    PartialSum squares = sums[participant];
    for (long part = fromPart; part < toPart; part++) {
      long from = moments.from(part);
      long to = moments.to(part);
      MemorySegment gradient =
          gradient(step, tensor, from, to, uncounted[participant], participant);
      squares.clear();
      AdamMiniUpdate.addSquares(
          gradient,
          from + shift(from),
          to + shift(from),
          coefficients[tensor],
          lanes[participant],
          squares);
      moments.keep(part, squares);
    }
  }

  /** The weights and first moments of parts, and the second moments of blocks that are short. */
  private void updateParts(
      StepState step, int tensor, long fromPart, long toPart, int participant) {
    if (!step.has(tensor)) {
      return;
    }
    BlockMoments moments = blocks[tensor];
    AdamMiniCoefficients c = coefficients[tensor];
    UpdateTally tally = parts.counts().of(tensor, participant);
    // Parts of short blocks follow each other and fit a run together; of long ones there is one.
    long start = moments.from(fromPart);
    long end = moments.to(toPart - 1);
    MemorySegment gradient = gradient(step, tensor, start, end, tally, participant);
    long shift = shift(start);
    PartialSum squares = sums[participant];
    for (long part = fromPart; part < toPart; part++) {
      long from = moments.from(part);
      long to = moments.to(part);
      if (!moments.isLong()) {
        squares.clear();
        AdamMiniUpdate.addSquares(
            gradient, from + shift, to + shift, c, lanes[participant], squares);
        moments.advance(part, squares);
      }
      float stepSize = moments.stepSize(part);
      AdamMiniUpdate.apply(
          weights(tensor), first[tensor], gradient, shift, from, to, c, stepSize, tally);
    }
  }

  /** Gradient, weight and first moment are read, two written; long blocks read gradients twice. */
  @Override
  protected long bytes(StepState step) {
    long bytes = 0;
    for (int i = 0; i < blocks.length; i++) {
      long streams = blocks[i].isLong() ? 6 : 5;
      long elements = parts.parameters().get(i).weights().elements();
      bytes += step.has(i) ? streams * Float.BYTES * elements : 0;
    }
    return bytes;
  }
}
