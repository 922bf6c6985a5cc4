package io.spam4j.tensors;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(Tensor.class)
        .floors(
            """
            mask        -> tensors, internal.simd
            safetensors -> tensors, internal.files, internal.json

            tensors     -> internal.simd

            internal.simd
            internal.json
            internal.files
            """)
        .check();
  }
}
