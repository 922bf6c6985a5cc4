package io.spam4j.engine.internal.state;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.SequencedMap;

/** Moments that are float32: updates work on them where they lie. */
final class F32Moments extends StoredMoments {
  static final Format FORMAT =
      new Format(DType.F32, DType.F32, 0, (_, state) -> new F32Moments(state));

  private F32Moments(SequencedMap<String, Tensor> state) {
    super(state);
  }

  @Override
  public boolean isStaged() {
    return false;
  }

  @Override
  public void load(long from, long count, MemorySegment toFirst, MemorySegment toSecond) {
    copy(first, from, toFirst, 0, count);
    copy(second, from, toSecond, 0, count);
  }

  @Override
  public void store(MemorySegment ofFirst, MemorySegment ofSecond, long from, long count, long t) {
    copy(ofFirst, 0, first, from, count);
    copy(ofSecond, 0, second, from, count);
  }

  @Override
  public void quiet(long from, long to) {
    QuietNaN.in(first, from, to);
    QuietNaN.in(second, from, to);
  }

  private static void copy(MemorySegment of, long from, MemorySegment to, long at, long count) {
    MemorySegment.copy(of, from * Float.BYTES, to, at * Float.BYTES, count * Float.BYTES);
  }
}
