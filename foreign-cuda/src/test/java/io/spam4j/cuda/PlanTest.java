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
            cuda -> engine, engine.device, tensors
            """)
        .except(
            "package must have at most 25 source files: package=cuda, files=67", "one hall so far")
        .check();
  }
}
