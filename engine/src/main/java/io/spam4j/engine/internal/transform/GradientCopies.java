package io.spam4j.engine.internal.transform;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies pieces of gradients into memory that stays in cache, as float32, and transforms them
 * there.
 */
public final class GradientCopies {
  private final List<TransformLink> links;
  private final MemorySegment[] buffers; // of each participant

  /**
   * Makes a buffer for each participant.
   *
   * @param elements the most that a piece has
   */
  GradientCopies(List<TransformLink> links, int elements, Arena arena, int threads) {
    this.links = links;
    buffers = new MemorySegment[threads];
    Arrays.setAll(buffers, _ -> arena.allocate(bytes(elements, 1), 4096));
  }

  /** The bytes that a loader allocates. */
  public static long bytes(int elements, int threads) {
    return (long) elements * Float.BYTES * threads;
  }

  /** A participant's buffer, for those who fill it themselves. */
  public MemorySegment buffer(int participant) {
    return buffers[participant];
  }

  /** The elements {@code [from, to)} of a gradient after the first {@code linkCount} transforms. */
  public MemorySegment load(
      Tensor gradient,
      int tensor,
      long from,
      long to,
      int linkCount,
      UpdateTally tally,
      int participant) {
    MemorySegment buffer = buffers[participant];
    int count = (int) (to - from);
    Float32Copy.copy(gradient, from, count, buffer);
    transform(buffer, tensor, count, null, from, linkCount, tally);
    return buffer;
  }

  /** The same for elements that lie apart. */
  public MemorySegment gather(
      Tensor gradient,
      int tensor,
      long[] positions,
      int count,
      int linkCount,
      UpdateTally tally,
      int participant) {
    MemorySegment buffer = buffers[participant];
    MemorySegment from = gradient.memory();
    boolean halves = gradient.dtype() == DType.BF16;
    for (int i = 0; i < count; i++) {
      float value =
          halves
              ? Float.intBitsToFloat(from.get(JAVA_SHORT_UNALIGNED, positions[i] * 2) << 16)
              : from.get(JAVA_FLOAT_UNALIGNED, positions[i] * Float.BYTES);
      buffer.set(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, value);
    }
    transform(buffer, tensor, count, positions, 0, linkCount, tally);
    return buffer;
  }

  private void transform(
      MemorySegment buffer,
      int tensor,
      int count,
      long @Nullable [] positions,
      long from,
      int linkCount,
      UpdateTally tally) {
    for (int i = 0; i < linkCount; i++) {
      links.get(i).effect(tensor).apply(buffer, count, positions, from, tally);
    }
  }
}
