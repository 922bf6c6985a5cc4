package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorIndex;
import org.bytedeco.pytorch.TensorIndexVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A dense SPAM step as the authors' code writes it, one tensor operation after the other (spam-spec
 * 1.2). Spikes are looked for from the second step on, not from the 20th, so that few steps need to
 * be waited for; it never resets.
 */
final class TorchSpamArm implements ArmRun {
  private final BenchMemory memory;
  private final TorchMemory tensors;
  private final List<Tensor> firstMoments = new ArrayList<>();
  private final List<Tensor> secondMoments = new ArrayList<>();
  private long steps;

  TorchSpamArm(BenchMemory memory) throws ArmUnavailableException {
    this.memory = memory;
    tensors = TorchMemory.of(memory);
    for (int i = 0; i < tensors.tensors(); i++) {
      firstMoments.add(torch.zeros_like(tensors.weight(i)));
      secondMoments.add(torch.zeros_like(tensors.weight(i)));
    }
  }

  @Override
  public void step() {
    steps++;
    try (var _ = new NoGradGuard()) {
      for (int i = 0; i < firstMoments.size(); i++) {
        try (var _ = new PointerScope()) {
          step(tensors.weight(i), tensors.gradient(i), firstMoments.get(i), secondMoments.get(i));
        }
      }
    }
  }

  private void step(Tensor weight, Tensor gradient, Tensor first, Tensor second) {
    if (steps > 1) {
      clip(gradient, second);
    }
    moments(gradient, first, second);
    Tensor direction = first.div(second.sqrt().add_(new Scalar(StepSize.EPSILON)));
    weight.add_(direction, new Scalar(-StepSize.of(steps))); // the warm-up's factor is in here
  }

  /** g[g^2 &gt; theta v] = sign(g) sqrt(theta v), in place. */
  private static void clip(Tensor gradient, Tensor second) {
    var threshold = new Scalar(StepSize.SPIKE_THRESHOLD);
    Tensor spikes = gradient.pow(new Scalar(2)).gt(second.mul(threshold));
    var where = new TensorIndexVector(new TensorIndex(spikes));
    Tensor limit = second.index(where).mul(threshold).sqrt();
    gradient.index_put_(where, gradient.index(where).sign().mul(limit));
  }

  /** m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g g. */
  static void moments(Tensor gradient, Tensor first, Tensor second) {
    first.mul_(new Scalar(ReferenceRule.BETA1)).add_(gradient, new Scalar(1 - ReferenceRule.BETA1));
    second
        .mul_(new Scalar(ReferenceRule.BETA2))
        .addcmul_(gradient, gradient, new Scalar(1 - ReferenceRule.BETA2));
  }

  @Override
  public void check() {
    Agreement.check(
        "torch-spam-ops",
        memory,
        Agreement.ofDense(memory),
        this::step,
        ReferenceRule.SPAM,
        Agreement.TORCH);
  }

  @Override
  public void close() {
    firstMoments.forEach(Tensor::close);
    secondMoments.forEach(Tensor::close);
    tensors.close();
  }
}
