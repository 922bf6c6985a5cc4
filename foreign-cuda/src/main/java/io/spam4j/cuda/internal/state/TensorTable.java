package io.spam4j.cuda.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.cuda.DeviceTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Where each parameter lies: rows of {@code Tensor} of src/main/cuda/README.md, on the host. */
public final class TensorTable {
  /** Bytes of a row. */
  public static final long ROW = 64;

  private final MemorySegment rows;
  private boolean changed = true;

  public TensorTable(Arena arena, int tensors) {
    rows = arena.allocate(tensors * ROW, 16);
  }

  public void setWeights(int tensor, DeviceTensor weights) {
    set(tensor, 0, weights.buffer().address());
    set(tensor, 40, weights.elements());
  }

  /** Sets the address of a gradient; 0 for none. */
  public void setGradient(int tensor, long address) {
    set(tensor, 8, address);
  }

  /** Sets the addresses of the moments, and of the positions of sparse ones. */
  void setMoments(int tensor, MomentBlock block) {
    set(tensor, 16, block.address(0));
    set(tensor, 24, block.address(1));
    set(tensor, 32, block.positionsAddress());
    set(tensor, 48, block.count());
    set(tensor, 56, block.tensors() > 2 ? block.address(2) : 0);
  }

  private void set(int tensor, long field, long value) {
    long at = tensor * ROW + field;
    changed |= rows.get(JAVA_LONG, at) != value;
    rows.set(JAVA_LONG, at, value);
  }

  /** Whether rows were changed since {@link #uploaded}. */
  public boolean isChanged() {
    return changed;
  }

  /** Says that the device has these rows. */
  public void uploaded() {
    changed = false;
  }

  /** Says that the device may have other rows. */
  public void invalidate() {
    changed = true;
  }

  public MemorySegment rows() {
    return rows;
  }
}
