package io.spam4j.cuda.internal.state;

import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.Kernel;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.tensors.mask.IndexMask;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The state of all parameters on the device. Dense parameters share one allocation for the life of
 * the optimizer; each sparse one has its own, which changes where a selection of another size, or
 * one that carries moments over, is drawn.
 */
public final class Moments implements AutoCloseable {
  private final StepPlanner planner;
  private final CudaStream stream;
  private final TensorTable table;
  private final SelectionUpload selections;
  private final MomentRemap remap;
  private final @Nullable DeviceBuffer dense;
  private final MomentBlock[] blocks;
  private final @Nullable MomentBlock[] spare; // prepared for a change, then replaced by it

  public Moments(
      CudaStream stream,
      StepPlanner planner,
      long[] elements,
      TensorTable table,
      SelectionUpload selections,
      Kernel remap) {
    this.stream = stream;
    this.planner = planner;
    this.table = table;
    this.selections = selections;
    this.remap = new MomentRemap(stream, remap);
    int tensors = planner.state().size();
    blocks = new MomentBlock[elements.length];
    spare = new MomentBlock[elements.length];
    long bytes = 0;
    for (int i = 0; i < blocks.length; i++) {
      bytes += planner.isSparse(i) ? 0 : MomentBlock.bytes(tensors, elements[i], false);
    }
    dense = bytes == 0 ? null : stream.device().allocate(bytes);
    try {
      long offset = 0;
      for (int i = 0; i < blocks.length; i++) {
        if (planner.isSparse(i) || dense == null) {
          blocks[i] = MomentBlock.sparse(stream, tensors, planner.moments(i));
          selectIfDrawn(i, planner.mask(i));
        } else {
          long size = MomentBlock.bytes(tensors, elements[i], false);
          blocks[i] = MomentBlock.dense(dense.slice(offset, size), tensors, elements[i]);
          offset += size;
        }
        table.setMoments(i, blocks[i]);
      }
      if (dense != null) {
        stream.fill(dense, (byte) 0);
      }
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, this::close);
      throw e;
    }
  }

  /** A state tensor of a parameter; null if it has no elements. */
  public @Nullable DeviceBuffer tensor(int parameter, String name) {
    return blocks[parameter].tensor(planner.state().indexOf(name));
  }

  /**
   * The shape of a parameter's state tensors.
   *
   * @param weights the shape of its weights
   */
  public long[] shape(int parameter, long[] weights) {
    return planner.isSparse(parameter) ? new long[] {blocks[parameter].count()} : weights;
  }

  /** Bytes of the moments themselves. */
  public long momentBytes() {
    long bytes = 0;
    for (MomentBlock block : blocks) {
      bytes += block.tensors() * block.count() * Float.BYTES;
    }
    return bytes;
  }

  /** Bytes of the positions of sparse moments. */
  public long indexBytes() {
    long bytes = 0;
    for (int i = 0; i < blocks.length; i++) {
      bytes += planner.isSparse(i) ? blocks[i].count() * Short.BYTES : 0;
    }
    return bytes;
  }

  /**
   * Makes room for the selections of a step, and fills it; what is there stays as it is. If that
   * fails, {@link #discard} has to follow.
   */
  public void prepare(PlannedStep plan) {
    for (int i = 0; i < blocks.length; i++) {
      IndexMask mask = plan.nextMask(i).orElse(null);
      boolean carries = planner.mask(i).isPresent() && plan.carriesMoments(i);
      if (mask != null && (carries || mask.count() != blocks[i].count())) {
        spare[i] = MomentBlock.sparse(stream, blocks[i].tensors(), mask.count());
      }
    }
  }

  /** Makes room for the state of a checkpoint. If that fails, {@link #discard} has to follow. */
  public void prepare(int parameter, long count) {
    if (planner.isSparse(parameter)) {
      spare[parameter] = MomentBlock.sparse(stream, blocks[parameter].tensors(), count);
    }
  }

  /** Frees what was prepared, or was replaced by what was. */
  public void discard() {
    boolean any = false;
    for (MomentBlock block : spare) {
      any |= block != null;
    }
    if (!any) {
      return;
    }
    CloseFailures failures = new CloseFailures();
    failures.run(stream::synchronize); // memory that is still being written must not be freed
    for (int i = 0; i < spare.length; i++) {
      MomentBlock block = spare[i];
      spare[i] = null;
      if (block != null) {
        failures.run(block::close);
      }
    }
    failures.throwFirst();
  }

  /**
   * Queues what a step changes in the selections: from here on the old state is gone. If that
   * fails, {@link #discard} has to follow.
   *
   * @return whether any selection changes
   */
  public boolean change(PlannedStep plan) {
    boolean changes = false;
    for (int i = 0; i < blocks.length; i++) {
      Optional<IndexMask> mask = plan.nextMask(i);
      if (mask.isPresent()) {
        changes = true;
        MomentBlock old = blocks[i];
        boolean carries = planner.mask(i).isPresent() && plan.carriesMoments(i);
        long[] before = carries ? selections.lengths(i) : null;
        swapSpare(i);
        selectIfDrawn(i, mask);
        if (before != null) {
          remap.run(old, blocks[i], before, selections.lengths(i));
        }
        releaseSpare(i);
      }
    }
    return changes;
  }

  /**
   * Makes what was prepared for a checkpoint the state of a parameter. If that fails, {@link
   * #discard} has to follow.
   */
  public void restore(int parameter, Optional<IndexMask> mask) {
    swapSpare(parameter);
    selectIfDrawn(parameter, mask);
    releaseSpare(parameter);
  }

  private void swapSpare(int parameter) {
    MomentBlock block = spare[parameter];
    if (block != null) {
      spare[parameter] = blocks[parameter];
      blocks[parameter] = block;
      table.setMoments(parameter, block);
    }
  }

  private void releaseSpare(int parameter) {
    MomentBlock block = spare[parameter];
    if (block != null) {
      stream.synchronize();
      spare[parameter] = null;
      block.close();
    }
  }

  private void selectIfDrawn(int parameter, Optional<IndexMask> mask) {
    mask.ifPresent(drawn -> selections.select(parameter, drawn, blocks[parameter].positions()));
  }

  @Override
  public void close() {
    CloseFailures failures = new CloseFailures();
    if (!stream.device().isLost() && !stream.device().isClosed()) {
      failures.run(stream::synchronize);
    }
    for (MomentBlock block : blocks) {
      if (block != null) {
        failures.run(block::close);
      }
    }
    for (MomentBlock block : spare) {
      if (block != null) {
        failures.run(block::close);
      }
    }
    if (dense != null) {
      failures.run(dense::close);
    }
    failures.throwFirst();
  }
}
