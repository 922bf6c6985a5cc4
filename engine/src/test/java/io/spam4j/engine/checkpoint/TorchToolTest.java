package io.spam4j.engine.checkpoint;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What tools/spam4j_state.py makes of files that were made to harm it; hostile.py has the cases.
 */
final class TorchToolTest {
  @TempDir private Path folder;

  @Test
  void tool_onHostileFiles_saysOneLineAndWritesWholeFiles() throws Exception {
    assumeTrue(Python.hasTorch(), "/usr/bin/python3 cannot import torch: install python3-torch");
    Python.hostile(folder);
  }
}
