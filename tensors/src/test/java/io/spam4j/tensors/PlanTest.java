package io.spam4j.tensors;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  private static final String COMMAND_LINE = "the command line's files are written so, too";

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
        .except(
            "public without use outside its package: member=internal.files.WholeFile.write(Path,"
                + " String)",
            COMMAND_LINE)
        .except(
            "public without use outside its package: member=internal.files.WholeFile.write(Path,"
                + " byte[])",
            COMMAND_LINE)
        .except(
            "public without use outside its package:"
                + " member=internal.files.WholeFile.isTemporary(Path)",
            COMMAND_LINE)
        .check();
  }
}
