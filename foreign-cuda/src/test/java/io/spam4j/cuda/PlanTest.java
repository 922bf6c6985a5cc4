package io.spam4j.cuda;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(CudaDevice.class)
        .floors(
            """
            selftest       -> internal.twins, optimizer, cuda, internal, engine, engine.checkpoint,
                              engine.optimizers

            internal.twins -> optimizer, cuda, internal, engine, engine.optimizers, engine.options,
                              tensors, tensors.mask

            optimizer      -> internal.state, cuda, internal, engine, engine.checkpoint,
                              engine.device, engine.optimizers, tensors, tensors.mask

            internal.state -> cuda, internal, engine.device, tensors.mask

            cuda           -> internal

            internal
            """)
        .check();
  }
}
