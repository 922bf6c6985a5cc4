package io.spam4j.examples.bench.arms;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** libtorch's own AdamW, the one of its C++ interface, with its defaults. */
final class TorchAdamWArm implements ArmRun {
  private final BenchMemory memory;
  private final TorchMemory torch;
  private final AdamW optimizer;

  TorchAdamWArm(BenchMemory memory) throws ArmUnavailableException {
    this.memory = memory;
    torch = new TorchMemory(memory);
    try (var _ = new PointerScope()) {
      Tensor[] weights = new Tensor[torch.tensors()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = torch.weight(i);
        weights[i].set_requires_grad(true);
        weights[i].mutable_grad().put(torch.gradient(i));
      }
      optimizer =
          new AdamW(new TensorVector(weights), new AdamWOptions(ReferenceRule.LEARNING_RATE))
              .retainReference();
    }
  }

  @Override
  public void step() {
    try (var _ = new PointerScope()) {
      optimizer.step();
    }
  }

  @Override
  public void check() {
    Agreement.check(
        "torch-adamw",
        memory,
        Agreement.ofDense(memory),
        this::step,
        ReferenceRule.ADAMW,
        Agreement.TORCH);
  }

  @Override
  public void close() {
    optimizer.close();
    torch.close();
  }
}
