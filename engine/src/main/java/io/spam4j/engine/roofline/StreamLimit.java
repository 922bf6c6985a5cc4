package io.spam4j.engine.roofline;

import io.spam4j.engine.internal.work.PlannedJob;
import io.spam4j.engine.internal.work.WorkPlan;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * How fast memory allows an update to be: a loop by the same vectors on the same threads that reads
 * and writes as many bytes a weight and computes nothing. It is divided among threads as a step of
 * one tensor is.
 *
 * <p>What is read only goes beside three times as much that is read and written back, as the
 * gradient goes beside weights and moments in the fused update; what is left of either kind follows
 * piece by piece, so that memory sees all of it mixed. It leaves all values as they are.
 */
public final class StreamLimit {
  /* Streams are cut at whole lines of the cache. */
  private static final int LINE = 64 / Float.BYTES;

  private static final int STREAMS = 4;

  /**
   * Bytes between streams. Where streams were powers of two apart, the same rows of memory were
   * opened for all of them in turn, and the loop took more than twice as long.
   */
  static final long APART = 2 * 4096 + 64;

  private final MemorySegment[] updated;
  private final MemorySegment looked;
  private final MemorySegment rest;
  private final boolean restIsWritten;
  private final long weights;
  private final double mixedFloats; // a weight, in each of the four streams
  private final double restFloats; // a weight
  private final PlannedJob<StreamLimit> job;

  /** What each thread made of all it only read; kept, so that the reads are not left out. */
  final int[] seen;

  /** 0; not final, because the compiler must not know that. Tests let every bit through. */
  int zero = 0;

  private StreamLimit(
      MemorySegment[] updated, MemorySegment looked, Rest rest, long weights, int threads) {
    this.updated = updated;
    this.looked = looked;
    this.rest = rest.stream;
    restIsWritten = rest.isWritten;
    this.weights = weights;
    mixedFloats = (double) looked.byteSize() / Float.BYTES / weights;
    restFloats = (double) rest.stream.byteSize() / Float.BYTES / weights;
    seen = new int[threads];
    WorkPlan plan = WorkPlan.of(new long[] {weights});
    job = PlannedJob.joining(plan, threads, StreamLimit::pass);
  }

  private record Rest(MemorySegment stream, boolean isWritten) {}

  /**
   * A loop over memory of the caller's.
   *
   * @param memory native, at least {@link #bytes} of it; should start at a line of the cache
   * @param weights at least 1
   * @param readBytes that are read a weight, those included that are written
   * @param writtenBytes that are written back a weight; at most {@code readBytes}, because to write
   *     a part of a line the processor reads it
   * @param threads at least 1
   * @throws IllegalArgumentException if a number is out of its range, or the memory too small or on
   *     the heap
   */
  public static StreamLimit of(
      MemorySegment memory, long weights, double readBytes, double writtenBytes, int threads) {
    if (weights < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "weights and threads must be positive: weights=%d, threads=%d"
              .formatted(weights, threads));
    }
    if (!(writtenBytes >= 0 && writtenBytes <= readBytes && readBytes < Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "what is written must be read, too: readBytes=%s, writtenBytes=%s"
              .formatted(readBytes, writtenBytes));
    }
    long needed = bytes(weights, readBytes);
    if (!memory.isNative() || memory.byteSize() < needed) {
      throw new IllegalArgumentException(
          "memory must be native and hold what is read: bytes=%d, needed=%d, native=%s"
              .formatted(memory.byteSize(), needed, memory.isNative()));
    }
    double onlyRead = readBytes - writtenBytes;
    double mixed = Math.min(onlyRead, writtenBytes / 3);
    long stream = lines(weights, mixed);
    MemorySegment[] streams = new MemorySegment[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
      streams[i] = memory.asSlice(i * (stream + APART), stream);
    }
    boolean written = onlyRead < writtenBytes / 3;
    long restBytes = lines(weights, readBytes) - STREAMS * stream;
    MemorySegment rest = memory.asSlice(STREAMS * (stream + APART), restBytes);
    return new StreamLimit(
        Arrays.copyOf(streams, 3), streams[3], new Rest(rest, written), weights, threads);
  }

  /** The loop of the fused update on its own streams. */
  static StreamLimit ofUpdate(
      MemorySegment w,
      MemorySegment g,
      MemorySegment m,
      MemorySegment v,
      long weights,
      int threads) {
    var nothing = new Rest(g.asSlice(0, 0), false);
    return new StreamLimit(new MemorySegment[] {w, m, v}, g, nothing, weights, threads);
  }

  /** The bytes of memory that a loop needs. */
  public static long bytes(long weights, double readBytes) {
    return lines(weights, readBytes) + STREAMS * APART;
  }

  /** What is read, in bytes of whole lines of the cache. */
  private static long lines(long weights, double readBytes) {
    return (long) Math.floor(weights * readBytes / Float.BYTES / LINE) * LINE * Float.BYTES;
  }

  /** Does it once and returns its nanoseconds. */
  public long run() {
    long start = System.nanoTime();
    job.run(this);
    return System.nanoTime() - start;
  }

  private void pass(int tensor, long from, long to, int participant) {
    StreamLoops.apply(
        updated[0],
        looked,
        updated[1],
        updated[2],
        at(from, mixedFloats, looked),
        at(to, mixedFloats, looked),
        zero);
    long restFrom = at(from, restFloats, rest);
    long restTo = at(to, restFloats, rest);
    if (restIsWritten) {
      StreamLoops.rewrite(rest, restFrom, restTo, zero);
    } else {
      seen[participant] ^= StreamLoops.read(rest, restFrom, restTo);
    }
  }

  private long at(long weight, double floats, MemorySegment stream) {
    return weight == weights
        ? stream.byteSize() / Float.BYTES
        : (long) (weight * floats) / LINE * LINE;
  }
}
