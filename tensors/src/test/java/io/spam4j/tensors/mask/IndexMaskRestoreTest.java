package io.spam4j.tensors.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class IndexMaskRestoreTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.001, 0.01, 0.1, 0.4, 1})
  void restore_fromAnyMemory(double density) {
    long elements = 300_000;
    var stream = Philox.stream(3, "restore", 0);
    IndexMask mask = IndexMask.random(arena, elements, (long) (elements * density), stream);
    MemorySegment file =
        MemorySegment.ofArray(new byte[(int) mask.data().byteSize() + 1]).asSlice(1);
    file.copyFrom(mask.data());

    IndexMask restored = IndexMask.restore(arena, elements, mask.count(), mask.width(), file);
    file.fill((byte) 0);

    assertThat(restored.hasSameSelection(mask)).isTrue();
    assertThat(restored.bytes()).isEqualTo(mask.bytes());
    long[] block = new long[IndexMask.BLOCK];
    long[] restoredBlock = new long[IndexMask.BLOCK];
    for (long i = mask.blocks() - 1; i >= 0; i--) {
      assertThat(restored.decode(i, restoredBlock)).isEqualTo(mask.decode(i, block));
      assertThat(restoredBlock).isEqualTo(block);
    }
  }

  /** The data of positions 10, 25, 41 are one word of width 4, ffffffffffff0fea. */
  @ParameterizedTest
  @CsvSource({
    "-1, 0, 4, 'ffffffffffff0fea', elements must not be negative: elements=-1",
    "42, 43, 4, 'ffffffffffff0fea', 'count must be in [0, elements]: count=43, elements=42'",
    "42, -1, 4, 'ffffffffffff0fea', 'count must be in [0, elements]: count=-1, elements=42'",
    "42, 3, 5, 'ffffffffffff0fea', 'width must be 1, 4, 8 or 16: width=5'",
    "42, 3, 4, 'ff', mask data must be whole words of 8 bytes: bytes=1",
    "42, 17, 4, 'ffffffffffff0fea', 'mask data must hold all positions: count=17, found=16, bytes=8'",
    "42, 4, 4, 'ffffffffffff0fea', 'mask data must hold all positions: count=4, found=3, bytes=8'",
    "41, 3, 4, 'ffffffffffff0fea', 'position must be in [0, elements): index=2, position=41, elements=41'",
    "42, 3, 4, 'ffffffffffffffffffffffffffff0fea', 'mask data must end with the last position: bytes=16, needed=8'",
    "42, 0, 1, 'ffffffffffffffff', 'mask data must end with the last position: bytes=8, needed=0'",
    "42, 2, 4, 'ffffffffffff0fea', 'bits after the last symbol must be ones: symbols=2, width=4'",
    "42, 3, 8, 'ffffffffff0f0e0a', 'width must be the one that takes the fewest bits: width=8, fewest=4'"
  })
  void restore_refuses(long elements, long count, int width, String words, String message) {
    byte[] bytes = new byte[words.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      int at = 2 * (bytes.length - 1 - i); // the text has the highest byte first
      bytes[i] = (byte) Integer.parseInt(words.substring(at, at + 2), 16);
    }
    assertThatThrownBy(
            () -> IndexMask.restore(arena, elements, count, width, MemorySegment.ofArray(bytes)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void restore_ofTheExampleAbove() {
    MemorySegment data = MemorySegment.ofArray(new long[] {0xffffffffffff0feaL});
    assertThat(IndexMask.restore(arena, 42, 3, 4, data).toArray()).containsExactly(10, 25, 41);
  }
}
