package io.spam4j.engine.internal.transform;

import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;

/** Statistics of the gradients that a transform for some parameters looks at. */
final class SomeStatistics implements GradientStatistics {
  private final GradientStatistics all;
  private final TransformLink link;
  private final int tensors;

  SomeStatistics(GradientStatistics all, TransformLink link, int tensors) {
    this.all = all;
    this.link = link;
    this.tensors = tensors;
  }

  @Override
  public boolean isKnown(int tensor) {
    return !link.isSpared(tensor) && all.isKnown(tensor);
  }

  @Override
  public float maxAbs(int tensor) {
    return all.maxAbs(tensor);
  }

  @Override
  public double sumOfSquares(int tensor) {
    return all.sumOfSquares(tensor);
  }

  @Override
  public double totalSumOfSquares() {
    double sum = 0;
    for (int i = 0; i < tensors; i++) {
      sum += isKnown(i) ? all.sumOfSquares(i) : 0;
    }
    return sum;
  }

  @Override
  public double sumOfSquares(MemorySegment values, long from, long to, int participant) {
    return all.sumOfSquares(values, from, to, participant);
  }

  @Override
  public double sumOfSquares(
      Tensor gradient, int tensor, long from, long to, boolean onlyFinite, int participant) {
    return all.sumOfSquares(gradient, tensor, from, to, onlyFinite, participant);
  }
}
