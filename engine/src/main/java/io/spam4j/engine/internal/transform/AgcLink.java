package io.spam4j.engine.internal.transform;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link GradientTransform.Agc}: a factor on each row, of the norms of its gradient and weights.
 */
final class AgcLink extends TransformLink {
  private final GradientTransform.Agc config;
  private final List<Parameter> parameters;
  private final boolean keepsNonFinite;
  private final PlannedJob<GradientStatistics> job;
  private final @Nullable Tensor[] gradients; // of the step at work

  AgcLink(
      GradientTransform.Agc config,
      List<Parameter> parameters,
      boolean keepsNonFinite,
      int threads) {
    super(Kind.ROWS, /* measures= */ false, parameters.size(), keepsNonFinite);
    this.config = config;
    this.parameters = parameters;
    this.keepsNonFinite = keepsNonFinite;
    long[] rows = new long[parameters.size()];
    long[] lengths = new long[parameters.size()];
    for (int i = 0; i < rows.length; i++) {
      Tensor weights = parameters.get(i).weights();
      rows[i] = weights.rank() < 2 ? 1 : weights.shape()[0];
      lengths[i] = weights.elements() / rows[i];
      op(i).rowLength = lengths[i];
      op(i).rowScales = new float[Math.toIntExact(rows[i])];
    }
    gradients = new Tensor[rows.length];
    job = new PlannedJob<>(WorkPlan.ofRows(rows, lengths), threads, this::scaleRows);
  }

  @Override
  void decide(StepState step, GradientStatistics in) {
    System.arraycopy(step.gradients, 0, gradients, 0, gradients.length);
    job.run(in);
  }

  private void scaleRows(GradientStatistics in, int tensor, long from, long to, int participant) {
    Tensor gradient = gradients[tensor];
    float[] scales = op(tensor).rowScales;
    if (gradient == null || scales == null || isSpared(tensor)) {
      return;
    }
    long length = op(tensor).rowLength;
    MemorySegment weights = parameters.get(tensor).weights().memory();
    for (long row = from; row < to; row++) {
      double squares = in.sumOfSquares(weights, row * length, (row + 1) * length, participant);
      double most = config.clipping() * Math.max(Math.sqrt(squares), config.epsilon());
      long end = (row + 1) * length;
      double norm =
          Math.sqrt(
              in.sumOfSquares(gradient, tensor, row * length, end, keepsNonFinite, participant));
      // A norm that is NaN, where that counts, makes NaN of all, as in Optax and timm.
      boolean scalesRow = keepsNonFinite ? norm > most : !(norm <= most);
      scales[(int) row] = scalesRow ? (float) (most / norm) : 1;
    }
  }
}
