package io.spam4j.cuda.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * Copies to the device without waiting for it, through a pinned buffer: it waits only where more is
 * under way than the buffer holds.
 */
public final class UploadStaging {
  private final CudaStream stream;
  private final PinnedBuffer pinned;
  private long used; // by copies that may be under way

  public UploadStaging(CudaStream stream, PinnedBuffer pinned) {
    this.stream = stream;
    this.pinned = pinned;
  }

  /** Queues a copy of memory of the host, which may change at once. */
  public void upload(MemorySegment from, DeviceBuffer to) {
    long done = 0;
    while (done < from.byteSize()) {
      long piece = Math.min(room(1), from.byteSize() - done);
      MemorySegment.copy(from, done, pinned.segment(), used, piece);
      send(to.slice(done, piece));
      done += piece;
    }
  }

  /**
   * Queues a copy of 2-byte numbers.
   *
   * @param to as large as all of them
   * @param fill hands them over
   */
  void upload(DeviceBuffer to, Consumer<Sink> fill) {
    var sink = new Sink(to);
    fill.accept(sink);
    sink.flush();
  }

  /** The bytes that can be used now, at least so many; waits for copies if there are fewer. */
  private long room(long least) {
    if (used > 0 && (pinned.bytes() - used < least || pinned.isIdle())) {
      pinned.await();
      used = 0;
    }
    return pinned.bytes() - used;
  }

  private void send(DeviceBuffer to) {
    stream.upload(pinned, used, to);
    used += to.bytes();
  }

  /** Takes numbers for one target. */
  final class Sink {
    private final DeviceBuffer to;
    private long sent; // bytes
    private long room;
    private long filled; // bytes, not sent yet

    private Sink(DeviceBuffer to) {
      this.to = to;
    }

    /** Takes the low 16 bits of the first {@code count} values. */
    void putShorts(long[] values, int count) {
      for (int i = 0; i < count; ) {
        if (filled + Short.BYTES > room) {
          flush();
          room = room(Short.BYTES);
        }
        MemorySegment target = pinned.segment();
        long at = used + filled;
        int piece = (int) Math.min(count - i, (room - filled) / Short.BYTES);
        for (int k = 0; k < piece; k++) {
          target.set(JAVA_SHORT_UNALIGNED, at + (long) k * Short.BYTES, (short) values[i + k]);
        }
        filled += (long) piece * Short.BYTES;
        i += piece;
      }
    }

    private void flush() {
      if (filled > 0) {
        send(to.slice(sent, filled));
        sent += filled;
        filled = 0;
        room = 0;
      }
    }
  }
}
