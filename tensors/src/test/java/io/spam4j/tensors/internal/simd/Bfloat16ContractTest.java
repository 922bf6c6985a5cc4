package io.spam4j.tensors.internal.simd;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bfloat16 codecs by vectors are the scalar ones. The build runs this at every width. */
@Tag("kernel")
final class Bfloat16ContractTest {
  private static final int CANARY = 0x5a5a_a5a5;

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void path_isTheOneAskedFor() {
    String asked = System.getProperty("spam4j.test.bits", "" + VectorMode.BITS);
    assertThat(VectorMode.BITS).isEqualTo(Integer.parseInt(asked));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 65, 1021, 4099})
  void codecs_haveTheBitsOfTheScalarForm(int count) {
    MemorySegment bits = Bits.dense(arena, count + 3);
    MemorySegment halves = native16(count + 8);
    MemorySegment.copy(bits, 0, halves, 0, Math.min(bits.byteSize(), halves.byteSize()));
    var expected = new Outputs(count);
    var actual = new Outputs(count);
    Bfloat16Scalar.decode(halves, 1, expected.floats, 2, count);
    Bfloat16.decode(halves, 1, actual.floats, 2, count);
    actual.assertEquals(expected);
    Bfloat16Scalar.encodeNearest(bits, 3, expected.high, 5, count);
    Bfloat16.encodeNearest(bits, 3, actual.high, 5, count);
    actual.assertEquals(expected);
    Bfloat16Scalar.encodeSplit(bits, 3, expected.high, 5, expected.low, 1, count);
    Bfloat16.encodeSplit(bits, 3, actual.high, 5, actual.low, 1, count);
    actual.assertEquals(expected);
    Bfloat16Scalar.decodeSplit(expected.high, 5, expected.low, 1, expected.floats, 3, count);
    Bfloat16.decodeSplit(expected.high, 5, expected.low, 1, actual.floats, 3, count);
    actual.assertEquals(expected);
    for (long index : new long[] {0, 1, 16, 31, 4096, (1L << 33) - 17, 1L << 40}) {
      for (Draw draw : Draw.values()) {
        long key = 0x1234_5678_9abc_def0L + index;
        for (int i = 0; i < count; i++) {
          long mixed = RoundingBits.mixedKey(key, index + i);
          Bfloat16Scalar.encodeStochastic(bits, i, expected.high, i, 1, draw, mixed, index + i);
        }
        Bfloat16.encodeStochastic(bits, 0, actual.high, 0, count, draw, key, index);
        actual.assertEquals(expected);
      }
    }
  }

  @Test
  void codecs_onHeapMemory_haveTheSameBits() {
    int count = 1021;
    MemorySegment bits = Bits.dense(arena, count);
    MemorySegment heap = MemorySegment.ofArray(bits.toArray(JAVA_INT_UNALIGNED));
    var expected = new Outputs(count);
    MemorySegment high = MemorySegment.ofArray(new short[count + 8]);
    MemorySegment low = MemorySegment.ofArray(new short[count + 8]);
    MemorySegment floats = MemorySegment.ofArray(new int[count]);
    Bfloat16.encodeStochastic(bits, 0, expected.high, 0, count, Draw.FIRST, 5, 7);
    Bfloat16.encodeStochastic(heap, 0, high, 0, count, Draw.FIRST, 5, 7);
    assertSame(high, expected.high, 2L * count);
    Bfloat16.encodeSplit(bits, 0, expected.high, 0, expected.low, 0, count);
    Bfloat16.encodeSplit(heap, 0, high, 0, low, 0, count);
    assertSame(high, expected.high, 2L * count);
    Bfloat16.decodeSplit(high, 0, low, 0, floats, 0, count);
    assertSame(floats, bits, 4L * count);
    Bfloat16.encodeNearest(bits, 0, expected.high, 0, count);
    Bfloat16.encodeNearest(heap, 0, high, 0, count);
    assertSame(high, expected.high, 2L * count);
    Bfloat16.decode(high, 0, floats, 0, count);
    Bfloat16.decode(high, 0, expected.floats, 0, count);
    assertSame(floats, expected.floats, 4L * count);
  }

  @Test
  void encodeStochastic_inPieces_givesTheSameBits() {
    int count = 1000;
    MemorySegment bits = Bits.dense(arena, count);
    var whole = new Outputs(count);
    var pieces = new Outputs(count);
    Bfloat16.encodeStochastic(bits, 0, whole.high, 0, count, Draw.SECOND, 77, 123);
    var random = new SplittableRandom(5);
    for (int from = 0; from < count; ) {
      int part = Math.min(count - from, random.nextInt(100));
      Bfloat16.encodeStochastic(bits, from, pieces.high, from, part, Draw.SECOND, 77, 123 + from);
      from += part;
    }
    pieces.assertEquals(whole);
  }

  private static void assertSame(MemorySegment actual, MemorySegment expected, long bytes) {
    assertThat(MemorySegment.mismatch(actual, 0, bytes, expected, 0, bytes)).isEqualTo(-1);
  }

  private MemorySegment native16(int count) {
    return arena.allocate(count * 2L + 4, 64);
  }

  /** Streams with room on both sides that no codec may touch. */
  private final class Outputs {
    final MemorySegment floats;
    final MemorySegment high;
    final MemorySegment low;

    Outputs(int count) {
      floats = filled(arena.allocate((count + 5) * 4L, 64));
      high = filled(native16(count + 10));
      low = filled(native16(count + 10));
    }

    private MemorySegment filled(MemorySegment memory) {
      for (long at = 0; at + 4 <= memory.byteSize(); at += 4) {
        memory.set(JAVA_INT_UNALIGNED, at, CANARY);
      }
      memory.set(JAVA_SHORT_UNALIGNED, memory.byteSize() - 2, (short) CANARY);
      return memory;
    }

    void assertEquals(Outputs expected) {
      assertThat(floats.mismatch(expected.floats)).isEqualTo(-1);
      assertThat(high.mismatch(expected.high)).isEqualTo(-1);
      assertThat(low.mismatch(expected.low)).isEqualTo(-1);
    }
  }
}
