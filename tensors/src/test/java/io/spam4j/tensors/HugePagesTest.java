package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class HugePagesTest {
  private static final Path SETTING = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  /** Kilobytes of this process in huge pages. */
  private static long inHugePages() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/smaps_rollup")).stream()
        .filter(line -> line.startsWith("AnonHugePages:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")))
        .sum();
  }

  @Test
  void advise_movesMemoryAsItIs() throws IOException {
    assumeThat(SETTING).as("huge pages of Linux").isReadable();
    long bytes = 16 * HugePages.BYTES + 12_345;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(bytes, 64);
      memory.fill((byte) 7);
      MemorySegment copy = MemorySegment.ofArray(new byte[(int) bytes]).copyFrom(memory);
      long before = inHugePages();
      boolean done = HugePages.advise(memory);

      assertThat(memory.mismatch(copy)).isEqualTo(-1);
      if (done) {
        assertThat(inHugePages() - before).isGreaterThanOrEqualTo(15 * HugePages.BYTES / 1024);
      } else {
        // Refused where they are switched off or where there are none left.
        assertThat(inHugePages() - before).isLessThan(15 * HugePages.BYTES / 1024);
      }
    }
  }

  @Test
  void advise_needsAWholePage() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(HugePages.advise(arena.allocate(HugePages.BYTES - 1))).isFalse();
    }
  }

  @Test
  void advise_refusesMemoryOnTheHeapAndFreedMemory() {
    assertThatThrownBy(() -> HugePages.advise(MemorySegment.ofArray(new float[3])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("huge pages need memory outside the heap: memory=");
    MemorySegment freed;
    try (Arena arena = Arena.ofConfined()) {
      freed = arena.allocate(2 * HugePages.BYTES, HugePages.BYTES);
    }
    assertThatThrownBy(() -> HugePages.advise(freed)).isInstanceOf(IllegalStateException.class);
  }
}
