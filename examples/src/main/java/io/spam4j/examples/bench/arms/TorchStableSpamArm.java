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
 * A Stable-SPAM step as the authors' code writes it, one tensor operation after the other
 * (spam-spec 2.2), without weight decay and schedule. It never resets.
 */
final class TorchStableSpamArm implements ArmRun {
  private final BenchMemory memory;
  private final TorchMemory tensors;
  private final List<State> states = new ArrayList<>();
  private long steps;

  /** Of one tensor: both moments, and T, mu and nu, which are tensors of one number. */
  private record State(Tensor first, Tensor second, Tensor threshold, Tensor mean, Tensor square) {
    static State zeros(Tensor weight) {
      return new State(
          torch.zeros_like(weight),
          torch.zeros_like(weight),
          torch.zeros(1),
          torch.zeros(1),
          torch.zeros(1));
    }

    void close() {
      List.of(first, second, threshold, mean, square).forEach(Tensor::close);
    }
  }

  TorchStableSpamArm(BenchMemory memory) throws ArmUnavailableException {
    this.memory = memory;
    tensors = TorchMemory.of(memory);
    for (int i = 0; i < tensors.tensors(); i++) {
      states.add(State.zeros(tensors.weight(i)));
    }
  }

  @Override
  public void step() {
    steps++;
    try (var _ = new NoGradGuard()) {
      for (int i = 0; i < states.size(); i++) {
        try (var _ = new PointerScope()) {
          step(tensors.weight(i), tensors.gradient(i), states.get(i));
        }
      }
    }
  }

  private void step(Tensor weight, Tensor gradient, State s) {
    adaClip(gradient, s.threshold);
    Tensor normalised = adaGn(gradient, s);
    TorchSpamArm.moments(normalised, s.first, s.second);
    double correction1 = StepSize.correction(ReferenceRule.BETA1, steps);
    double correction2 = Math.sqrt(StepSize.correction(ReferenceRule.BETA2, steps));
    Tensor denominator =
        s.second.sqrt().div(new Scalar(correction2)).add_(new Scalar(StepSize.CORRECTED_EPSILON));
    weight.addcdiv_(s.first, denominator, new Scalar(-ReferenceRule.LEARNING_RATE / correction1));
  }

  /** M = max |g|; T = gamma3 T + (1 - gamma3) M; where |g| &gt; T^: g = g / M T^, in place. */
  private void adaClip(Tensor gradient, Tensor threshold) {
    Tensor largest = gradient.abs().max();
    Tensor corrected = averaged(threshold, largest, ReferenceRule.History.CLIP_DECAY);
    var where = new TensorIndexVector(new TensorIndex(gradient.abs().gt(corrected)));
    gradient.index_put_(where, gradient.index(where).div(largest).mul(corrected));
  }

  /** n = ||g||; g = g / n mu^ / (sqrt(nu^) + eps). */
  private Tensor adaGn(Tensor gradient, State s) {
    Tensor norm = gradient.norm();
    Tensor mean = averaged(s.mean, norm, ReferenceRule.History.MEAN_DECAY);
    Tensor square = averaged(s.square, norm.pow(new Scalar(2)), ReferenceRule.History.SQUARE_DECAY);
    Tensor target = mean.div(square.sqrt().add_(new Scalar(ReferenceRule.History.EPSILON)));
    return norm.item_float() > 0 ? gradient.div(norm).mul(target) : gradient;
  }

  /** Takes a value into a running mean and returns the mean without its bias. */
  private Tensor averaged(Tensor running, Tensor value, double decay) {
    running.mul_(new Scalar(decay)).add_(value, new Scalar(1 - decay));
    return running.div(new Scalar(StepSize.correction(decay, steps)));
  }

  @Override
  public void check() {
    Agreement.check(
        "torch-stablespam-ops",
        memory,
        Agreement.ofDense(memory),
        this::step,
        ReferenceRule.STABLE_SPAM,
        Agreement.TORCH);
  }

  @Override
  public void close() {
    states.forEach(State::close);
    tensors.close();
  }
}
