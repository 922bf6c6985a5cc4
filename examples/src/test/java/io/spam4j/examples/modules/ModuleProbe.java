package io.spam4j.examples.modules;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.Tensor;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.util.Arrays;
import java.util.List;

/** Takes a step and says which modules it ran in; {@link ModuleLayoutTest} starts it. */
final class ModuleProbe {
  private ModuleProbe() {}

  public static void main(String[] arguments) {
    Tensor weights = Tensor.of(new float[100], 100);
    float[] ones = new float[100];
    Arrays.fill(ones, 1);
    Tensor gradient = Tensor.of(ones, 100);
    var builder =
        Spam.builder()
            .density(0.5)
            .maskSelection(MaskSelection.givenByIterator((_, _) -> LongIterators.fromTo(1L, 100L)));
    try (var spam = builder.build(List.of(new Parameter("w", weights)))) {
      spam.step(_ -> gradient);
    }
    Module tensors = Tensor.class.getModule();
    boolean vectors =
        ModuleLayer.boot().findModule("jdk.incubator.vector").map(tensors::canRead).orElse(false);
    System.out.printf(
        "%s %s %s, vectors %s, moved %s%n",
        tensors.getName(),
        Spam.class.getModule().getName(),
        CudaDevice.class.getModule().getName(),
        vectors,
        weights.getFloat(99) < 0);
  }
}
