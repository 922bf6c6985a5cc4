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

            optimizers         -> internal.apply, internal.plan, internal.adafactor, internal.step, internal.transform,
                                  internal.state, internal.decide, internal.measure, internal.kernel,
                                  internal.work, internal.math, decision, device, engine, options,
                                  tensors, tensors.mask

            internal.apply     -> internal.step, internal.transform, internal.state, internal.decide,
                                  internal.kernel, internal.work, internal.memory, checkpoint,
                                  decision, engine, options, tensors, tensors.mask,
                                  tensors.internal.simd
            internal.adafactor -> internal.step, internal.transform, internal.state, internal.decide,
                                  internal.measure, internal.kernel, internal.work, internal.math,
                                  engine, tensors
            internal.plan      -> internal.step, internal.transform, internal.state, internal.decide,
                                  internal.measure, internal.work, checkpoint, decision, device, engine,
                                  options, tensors, tensors.mask

            internal.step      -> internal.transform, internal.state, internal.decide,
                                  internal.measure, internal.kernel, internal.work, internal.memory,
                                  internal.math, checkpoint, engine, options, tensors, tensors.mask,
                                  tensors.internal.simd

            internal.transform -> internal.decide, internal.measure, internal.kernel, internal.work,
                                  internal.math, decision, engine, tensors, tensors.internal.simd
            internal.state     -> internal.decide, internal.kernel, internal.memory, engine, options,
                                  tensors, tensors.mask, tensors.internal.simd

            internal.measure   -> internal.kernel, internal.work, internal.memory, engine, tensors,
                                  tensors.internal.simd
            internal.decide    -> internal.kernel, internal.work, internal.memory, internal.math,
                                  checkpoint, decision, engine, options, tensors, tensors.mask
            device             -> checkpoint, engine, tensors, tensors.mask
            analysis           -> internal.memory, engine, tensors, tensors.internal.json

            engine             -> checkpoint, internal.math, tensors, tensors.mask
            options            -> internal.math
            internal.kernel    -> decision, tensors, tensors.internal.simd

            decision
            checkpoint         -> tensors, tensors.mask, tensors.safetensors
            internal.work      -> tensors, tensors.internal.simd
            internal.memory
            internal.math
            """)
        .check();
  }
}
