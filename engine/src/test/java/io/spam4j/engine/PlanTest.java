package io.spam4j.engine;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(Optimizer.class)
        .floors(
            """
            roofline           -> optimizers, engine, internal.kernel, internal.work, tensors,
                                  tensors.internal.simd

            optimizers         -> internal.apply, internal.adafactor, internal.plan,
                                  internal.baseline, internal.step, internal.transform,
                                  internal.state, internal.decide, internal.measure,
                                  internal.work, internal.math, checkpoint, decision, device,
                                  engine, options, tensors, tensors.mask

            internal.apply     -> internal.step, internal.transform, internal.state,
                                  internal.decide, internal.small, internal.kernel, internal.pack,
                                  internal.work, internal.memory, checkpoint, decision, engine,
                                  options, tensors, tensors.mask, tensors.internal.simd
            internal.adafactor -> internal.baseline, internal.step, internal.decide,
                                  internal.measure, internal.kernel, internal.work,
                                  internal.math, engine, tensors, tensors.internal.simd
            internal.plan      -> internal.step, internal.transform, internal.state,
                                  internal.decide, internal.measure, internal.work,
                                  internal.memory, checkpoint, decision, device, engine,
                                  tensors, tensors.mask

            internal.baseline  -> internal.step, internal.transform, internal.state,
                                  internal.decide, internal.measure, internal.kernel,
                                  internal.work, internal.memory, internal.math, engine, options, tensors,
                                  tensors.internal.simd

            internal.step      -> internal.transform, internal.state, internal.decide,
                                  internal.small, internal.measure, internal.kernel, internal.work,
                                  internal.memory, internal.math, checkpoint, engine, options,
                                  tensors, tensors.mask

            internal.transform -> internal.decide, internal.measure, internal.kernel,
                                  internal.work, internal.math, decision, device, engine,
                                  tensors, tensors.internal.simd
            internal.state     -> internal.decide, internal.kernel, internal.memory,
                                  checkpoint, engine, options, tensors, tensors.mask,
                                  tensors.internal.simd

            internal.decide    -> internal.kernel, internal.work, internal.memory,
                                  internal.math, checkpoint, decision, engine, options,
                                  tensors, tensors.mask
            internal.measure   -> internal.kernel, internal.work, internal.memory, engine,
                                  tensors, tensors.internal.simd
            internal.small     -> internal.kernel, decision, tensors.internal.simd
            device             -> checkpoint, engine, tensors, tensors.mask
            analysis           -> internal.memory, engine, tensors, tensors.internal.json

            engine             -> checkpoint, internal.math, tensors, tensors.mask
            options            -> internal.math, tensors.mask
            internal.kernel    -> decision, tensors, tensors.internal.simd

            decision
            checkpoint         -> tensors, tensors.mask, tensors.safetensors, tensors.internal.json
            internal.work      -> tensors, tensors.internal.simd
            internal.pack      -> tensors.internal.simd
            internal.memory
            internal.math
            """)
        .except(
            "public without use outside its package: member=internal.kernel.Amsgrad.moveWeights(Operands, MemorySegment, long, long, UpdateCoefficients)",
            "the kernel on devices is compared with this half")
        .except(
            "public without use outside its package: type=internal.transform.GradientOp",
            "what devices measure of transformed gradients is compared with it")
        .except(
            "public without use outside its package: member=internal.decide.StepState.snapshot()",
            "tests of other packages compare the counters of two runs")
        .except(
            "public without use outside its package:"
                + " member=internal.transform.TransformLink.history(int)",
            "some links inherit it as DeviceDecided, an interface")
        .except(
            "public without use outside its package:"
                + " member=internal.transform.TransformLink.setHistory(int, double[])",
            "some links inherit it as DeviceDecided, an interface")
        .check();
  }
}
