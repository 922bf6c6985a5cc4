package io.spam4j.cuda.internal.state;

import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.tensors.mask.IndexMask;
import org.jspecify.annotations.Nullable;

/**
 * Brings selections to the device: the positions of each beside its moments, and the chunks that
 * say where they are.
 */
public final class SelectionUpload {
  private final ChunkTable chunks;
  private final DeviceBuffer rows; // the same chunks on the device
  private final UploadStaging staging;

  public SelectionUpload(ChunkTable chunks, DeviceBuffer rows, UploadStaging staging) {
    this.chunks = chunks;
    this.rows = rows;
    this.staging = staging;
  }

  /**
   * Makes a selection a parameter's on the host, and queues its positions.
   *
   * @param positions where they go; null if nothing is selected, which the chunks have to know
   */
  void select(int parameter, IndexMask mask, @Nullable DeviceBuffer positions) {
    if (positions == null) {
      chunks.select(parameter, mask, (_, _) -> {});
    } else {
      staging.upload(positions, sink -> chunks.select(parameter, mask, sink::putShorts));
    }
  }

  /** How many elements of each tile of a parameter are selected. */
  long[] lengths(int parameter) {
    return chunks.lengths(parameter);
  }

  /** Queues the chunks of all selections. */
  public void sendChunks() {
    long first = chunks.denseChunks() * ChunkTable.CHUNK;
    long bytes = chunks.sparseChunks() * ChunkTable.CHUNK;
    staging.upload(chunks.chunks().asSlice(first, bytes), rows.slice(first, bytes));
  }
}
