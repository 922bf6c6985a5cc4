package io.spam4j.cuda.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.Kernel;
import io.spam4j.cuda.KernelArguments;
import io.spam4j.cuda.internal.CloseFailures;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Carries moments over to another selection ({@code spam4j_remap}); waits for the device, for it
 * happens once in hundreds of steps, and only where moments are kept.
 */
final class MomentRemap {
  private static final long CHANGE = 32;

  private final CudaStream stream;
  private final Kernel kernel;

  MomentRemap(CudaStream stream, Kernel kernel) {
    this.stream = stream;
    this.kernel = kernel;
  }

  /**
   * Fills the moments of one block from those of another.
   *
   * @param oldLengths selected elements of each tile, before
   * @param newLengths and after
   */
  void run(MomentBlock from, MomentBlock to, long[] oldLengths, long[] newLengths) {
    long bytes = 2 * TensorTable.ROW + CHANGE * newLengths.length;
    try (Arena arena = Arena.ofConfined();
        DeviceBuffer tables = stream.device().allocate(bytes)) {
      MemorySegment rows = arena.allocate(bytes, 16);
      TensorTable both = new TensorTable(arena, 2);
      both.setMoments(0, from);
      both.setMoments(1, to);
      MemorySegment.copy(both.rows(), 0, rows, 0, 2 * TensorTable.ROW);
      long oldOffset = 0;
      long newOffset = 0;
      for (int k = 0; k < newLengths.length; k++) {
        long at = 2 * TensorTable.ROW + k * CHANGE;
        rows.set(JAVA_LONG, at, oldOffset);
        rows.set(JAVA_LONG, at + 8, newOffset);
        rows.set(JAVA_INT, at + 16, (int) oldLengths[k]);
        rows.set(JAVA_INT, at + 20, (int) newLengths[k]);
        oldOffset += oldLengths[k];
        newOffset += newLengths[k];
      }
      stream.upload(rows, tables);
      KernelArguments arguments = new KernelArguments(3);
      arguments.setBuffer(0, tables.slice(0, TensorTable.ROW));
      arguments.setBuffer(1, tables.slice(TensorTable.ROW, TensorTable.ROW));
      long changes = bytes - 2 * TensorTable.ROW;
      arguments.setBuffer(2, tables.slice(2 * TensorTable.ROW, changes));
      kernel.launch(stream, newLengths.length, ChunkTable.THREADS, 0, arguments);
      CloseFailures.insist(stream::synchronize); // before the tables are freed
    }
  }
}
