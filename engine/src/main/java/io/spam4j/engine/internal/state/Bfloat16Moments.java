package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Bfloat16;
import io.spam4j.tensors.internal.simd.RoundingBits.Draw;
import java.lang.foreign.MemorySegment;
import java.util.SequencedMap;

/** Moments that are bfloat16, rounded at random; or emulated, and then rounded by the update. */
final class Bfloat16Moments extends StoredMoments {
  static final Format FORMAT =
      new Format(DType.BF16, DType.BF16, 0, (key, state) -> new Bfloat16Moments(key, state, false));

  /** Those of {@link MomentFormat#BF16_EMULATED}. */
  static final Format EMULATED =
      new Format(DType.BF16, DType.BF16, 0, (key, state) -> new Bfloat16Moments(key, state, true));

  private static final int EXPONENT = 0x7f80;

  private final RoundingKey key;
  private final boolean isEmulated;

  private Bfloat16Moments(RoundingKey key, SequencedMap<String, Tensor> state, boolean isEmulated) {
    super(state);
    this.key = key;
    this.isEmulated = isEmulated;
  }

  @Override
  public boolean isStaged() {
    return true;
  }

  @Override
  public void load(long from, long count, MemorySegment toFirst, MemorySegment toSecond) {
    Bfloat16.decode(first, from, toFirst, 0, count);
    Bfloat16.decode(second, from, toSecond, 0, count);
  }

  @Override
  public void store(MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t) {
    long k = key.at(t);
    Bfloat16.encodeStochastic(ofFirst, 0, first, from, count, Draw.FIRST, k, from);
    Bfloat16.encodeStochastic(ofSecond, 0, second, from, count, Draw.SECOND, k, from);
  }

  @Override
  public void quiet(long from, long to) {
    QuietNaN.inHalves(first, from, to);
    QuietNaN.inHalves(second, from, to);
  }

  @Override
  boolean haveLoop() {
    return !isEmulated;
  }

  /**
   * Makes subnormal moments 0. A step leaves none, so those of a file are the only ones, and the
   * loop for 16 bits need not look for them. The emulated update keeps them, as the authors' does.
   */
  @Override
  void flush() {
    if (!isEmulated) {
      flush(first);
      flush(second);
    }
  }

  private static void flush(MemorySegment moments) {
    for (long at = 0; at < moments.byteSize(); at += Short.BYTES) {
      if ((moments.get(JAVA_SHORT_UNALIGNED, at) & EXPONENT) == 0) {
        moments.set(JAVA_SHORT_UNALIGNED, at, (short) 0);
      }
    }
  }
}
