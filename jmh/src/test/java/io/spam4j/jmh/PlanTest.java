package io.spam4j.jmh;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofProgram(Main.class)
        .withoutGenerated("jmh_generated")
        .floors(
            """
            jmh -> examples.bench.arms, cuda, cuda.optimizer, engine, engine.optimizers, engine.options,
                   engine.roofline, engine.internal.work, tensors, tensors.mask
            """)
        .check();
  }
}
