package io.spam4j.javacpp.pytorch;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(TorchParameters.class)
        .floors(
            """
            javacpp.pytorch -> engine, engine.checkpoint, tensors
            """)
        .check();
  }
}
