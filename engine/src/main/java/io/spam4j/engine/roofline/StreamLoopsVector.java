package io.spam4j.engine.roofline;

import static jdk.incubator.vector.VectorOperators.XOR;

import io.spam4j.tensors.internal.simd.VectorMode;
import io.spam4j.tensors.internal.simd.VectorWidth;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** Vector form of {@link StreamLoops}. */
final class StreamLoopsVector {
  private static final VectorSpecies<Integer> S = VectorWidth.floats().withLanes(int.class);
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private StreamLoopsVector() {}

  static void apply(
      MemorySegment w,
      MemorySegment g,
      MemorySegment m,
      MemorySegment v,
      long from,
      long to,
      int zero) {
    if (!(w.isNative() && g.isNative() && m.isNative() && v.isNative())) {
      throw VectorMode.notNative();
    }
    long i = from;
    for (; i <= to - S.length(); i += S.length()) {
      long at = i * Integer.BYTES;
      IntVector nothing = IntVector.fromMemorySegment(S, g, at, ORDER).and(zero);
      pass(w, at, nothing);
      pass(m, at, nothing);
      pass(v, at, nothing);
    }
    StreamLoops.scalar(w, g, m, v, i, to, zero);
  }

  static int read(MemorySegment stream, long from, long to) {
    if (!stream.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector all = IntVector.zero(S);
    long i = from;
    for (; i <= to - S.length(); i += S.length()) {
      all = all.lanewise(XOR, IntVector.fromMemorySegment(S, stream, i * Integer.BYTES, ORDER));
    }
    return all.reduceLanes(XOR) ^ StreamLoops.scalarRead(stream, i, to);
  }

  static void rewrite(MemorySegment stream, long from, long to, int zero) {
    if (!stream.isNative()) {
      throw VectorMode.notNative();
    }
    IntVector nothing = IntVector.broadcast(S, zero);
    long i = from;
    for (; i <= to - S.length(); i += S.length()) {
      pass(stream, i * Integer.BYTES, nothing);
    }
    StreamLoops.scalarRewrite(stream, i, to, zero);
  }

  private static void pass(MemorySegment stream, long at, IntVector nothing) {
    IntVector.fromMemorySegment(S, stream, at, ORDER)
        .lanewise(XOR, nothing)
        .intoMemorySegment(stream, at, ORDER);
  }
}
