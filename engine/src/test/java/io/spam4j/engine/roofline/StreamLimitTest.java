package io.spam4j.engine.roofline;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StreamLimitTest {
  private static final int WEIGHTS = 100_000;
  private static final long GAPS = 4 * StreamLimit.APART;

  @ParameterizedTest
  @CsvSource({"16, 12", "20, 12", "12, 10", "0.3, 0.2", "4, 0", "8, 8"})
  void run_readsAndWritesEveryByteOnce(double readBytes, double writtenBytes) {
    try (Arena arena = Arena.ofShared()) {
      long bytes = StreamLimit.bytes(WEIGHTS, readBytes);
      MemorySegment memory = arena.allocate(bytes, 64);
      int[] values = new int[(int) (bytes / 4)];
      int all = 0;
      for (int i = 0; i < values.length; i++) {
        values[i] = i * 31 + 7; // odd or not, never 0
        all ^= i < GAPS / 4 ? 0 : values[i];
      }
      MemorySegment.copy(values, 0, memory, JAVA_INT, 0, values.length);
      StreamLimit limit = StreamLimit.of(memory, WEIGHTS, readBytes, writtenBytes, 2);
      assertThat(limit.run()).isPositive();
      assertThat(memory.toArray(JAVA_INT)).isEqualTo(values);

      limit.zero = -1; // now what is written changes
      limit.seen[0] = 0;
      limit.seen[1] = 0;
      limit.run();
      int changed = 0;
      for (int i = 0; i < values.length; i++) {
        changed += memory.getAtIndex(JAVA_INT, i) == values[i] ? 0 : 1;
      }
      assertThat(changed * 4.0 / WEIGHTS).isBetween(writtenBytes - 0.01, writtenBytes + 0.01);
      if (writtenBytes == 0) { // then there is one stream, behind four empty ones
        assertThat(limit.seen[0] ^ limit.seen[1]).isEqualTo(all);
      }
    }
  }

  @Test
  void bytes_areWholeLines() {
    assertThat(StreamLimit.bytes(67_108_864, 16)).isEqualTo(16L * 67_108_864 + GAPS);
    assertThat(StreamLimit.bytes(100, 1.3)).isEqualTo(128 + GAPS);
  }

  @Test
  void of_refusesWhatItCannotMeasure() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(640);
      assertThatThrownBy(() -> StreamLimit.of(memory, 0, 16, 12, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("weights and threads must be positive: weights=0, threads=1");
      assertThatThrownBy(() -> StreamLimit.of(memory, 40, 16, 12, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("weights and threads must be positive: weights=40, threads=0");
      assertThatThrownBy(() -> StreamLimit.of(memory, 40, 12, 16, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("what is written must be read, too: readBytes=12.0, writtenBytes=16.0");
      assertThatThrownBy(() -> StreamLimit.of(memory, 40, Double.NaN, 0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("what is written must be read, too: readBytes=NaN, writtenBytes=0.0");
      assertThatThrownBy(() -> StreamLimit.of(memory, 44, 16, 12, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "memory must be native and hold what is read: bytes=640, needed=33728, native=true");
      assertThatThrownBy(() -> StreamLimit.of(MemorySegment.ofArray(new byte[640]), 40, 16, 12, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "memory must be native and hold what is read: bytes=640, needed=33664, native=false");
    }
  }
}
