package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.BenchValues;
import io.spam4j.examples.bench.values.HalfValues;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorType;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW as the class of libtorch's C++ interface does it, one tensor operation after the other,
 * with its defaults. {@link Fused} is the fast one.
 */
final class TorchAdamWArm implements ArmRun {
  private final BenchMemory memory;
  private final TorchMemory views;
  private final AdamW optimizer;

  TorchAdamWArm(BenchMemory memory) throws ArmUnavailableException {
    this.memory = memory;
    views = TorchMemory.of(memory);
    try (var _ = new PointerScope()) {
      Tensor[] weights = new Tensor[views.tensors()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = views.weight(i);
        weights[i].set_requires_grad(true);
        weights[i].mutable_grad().put(views.gradient(i));
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
    views.close();
  }

  /**
   * The same update by libtorch's fused kernel, {@code aten::_fused_adamw_}: one pass of its
   * vectors over all streams, as {@code torch.optim.AdamW(fused=True)} on a CPU. Its moments lie in
   * memory of the arms, with huge pages as the engine's.
   */
  static final class Fused implements ArmRun {
    /** In learning rates: three roundings of weights to the nearest bfloat16, and of moments. */
    private static final double HALVES = 0.25;

    private final BenchValues values;
    private final TorchMemory views;
    private final double tolerance;
    private final OperatorHandle operation =
        Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "");
    private final FloatPointer count = new FloatPointer(1);
    private final List<Pointer> held = new ArrayList<>();
    private final List<IValue> arguments = new ArrayList<>();
    private long steps;

    private Fused(BenchMemory memory, BenchValues values, TorchMemory views, double tolerance) {
      this.values = values;
      this.views = views;
      this.tolerance = tolerance;
      List<Tensor> weights = new ArrayList<>();
      List<Tensor> gradients = new ArrayList<>();
      List<Tensor> firstMoments = new ArrayList<>();
      List<Tensor> secondMoments = new ArrayList<>();
      for (int i = 0; i < views.tensors(); i++) {
        weights.add(views.weight(i));
        gradients.add(views.gradient(i));
        firstMoments.add(zeros(memory, i));
        secondMoments.add(zeros(memory, i));
      }
      Tensor counter = hold(torch.from_blob(count, new long[] {}));
      add(weights);
      add(gradients);
      add(firstMoments);
      add(secondMoments);
      add(List.of()); // max_exp_avg_sqs
      add(Collections.nCopies(weights.size(), counter));
      add(new IValue(ReferenceRule.LEARNING_RATE));
      add(new IValue(ReferenceRule.BETA1));
      add(new IValue(ReferenceRule.BETA2));
      add(new IValue(ReferenceRule.ADAMW_DECAY));
      add(new IValue(StepSize.CORRECTED_EPSILON));
      add(new IValue(false)); // amsgrad
      add(new IValue(false)); // maximize
      add(new IValue()); // grad_scale
      add(new IValue()); // found_inf
    }

    /** On the float32 weights that all arms share. */
    static ArmRun f32(BenchMemory memory) throws ArmUnavailableException {
      return new Fused(memory, memory, TorchMemory.of(memory), Agreement.TORCH);
    }

    /** All in bfloat16, which libtorch rounds to the nearest. */
    static ArmRun bf16(BenchMemory memory) throws ArmUnavailableException {
      HalfValues halves = HalfValues.copyOf(memory);
      return new Fused(memory, halves, TorchMemory.of(halves, memory.threads()), HALVES);
    }

    private Tensor zeros(BenchMemory memory, int tensor) {
      return hold(views.view(memory.allocate(views.dtype().bytes(memory.elements(tensor)))));
    }

    private <T extends Pointer> T hold(T pointer) {
      held.add(pointer);
      return pointer;
    }

    private void add(IValue argument) {
      arguments.add(hold(argument));
    }

    private void add(List<Tensor> tensors) {
      try (var _ = new PointerScope()) {
        var list = new GenericList(new Type.TypePtr(TensorType.get()));
        tensors.forEach(tensor -> list.push_back(new IValue(tensor)));
        arguments.add(hold(new IValue(list).retainReference()));
      }
    }

    @Override
    public void step() {
      steps++;
      count.put(0, (float) steps);
      try (var _ = new PointerScope()) {
        operation.callBoxed(new IValueVector(arguments.toArray(IValue[]::new)));
      }
    }

    @Override
    public void check() {
      Agreement.check(
          "torch-fused-adamw",
          values,
          Agreement.ofDense(values),
          this::step,
          ReferenceRule.ADAMW,
          tolerance);
    }

    @Override
    public void close() {
      held.forEach(Pointer::close);
      count.close();
      views.close();
    }
  }
}
