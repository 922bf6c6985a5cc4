package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.DeviceBuffer;

/** Cuts one allocation into parts, one behind the other, before it is made. */
final class DeviceSlab {
  private final long alignment;
  private long bytes;

  /**
   * Without parts.
   *
   * @param alignment each part starts at a multiple of so many bytes; 1 leaves no gaps
   */
  DeviceSlab(long alignment) {
    this.alignment = alignment;
  }

  /** A part of some memory. */
  record Part(long offset, long bytes) {
    /** Where it is in memory of at least {@link DeviceSlab#bytes} bytes. */
    DeviceBuffer of(DeviceBuffer memory) {
      return memory.slice(offset, bytes);
    }

    /** From the beginning of this part to the end of a later one. */
    Part through(Part last) {
      return new Part(offset, last.offset + last.bytes - offset);
    }
  }

  /** Adds a part behind all others. */
  Part add(long size) {
    Part part = new Part(bytes, size);
    bytes += (size + alignment - 1) / alignment * alignment;
    return part;
  }

  /** The bytes of all parts. */
  long bytes() {
    return bytes;
  }
}
