package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaEvent;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.DeviceTensor;
import io.spam4j.cuda.PinnedBuffer;
import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.cuda.internal.state.ChunkTable;
import io.spam4j.cuda.internal.state.ChunkTable.Part;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step whose gradients come from the host and whose weights go there, a piece at a time: one
 * stream brings pieces in, one takes them out, and the kernels run on a third. If gradients have to
 * be measured, all of them come in first, each measured as it comes.
 */
final class OffloadPasses implements StepPasses, AutoCloseable {
  private static final int SLOTS = 3; // one being filled, one on its way, one being emptied

  private record Piece(List<Part> parts, StepLaunches.Piece launches) {}

  private final CudaStepper stepper;
  private final List<OffloadedParameter> parameters;
  private final Closer closer = new Closer();
  private final List<Piece> pieces = new ArrayList<>();
  private final CudaStream in;
  private final CudaStream out;
  private final CudaEvent arrived;
  private final CudaEvent updated;
  private final PinnedBuffer[] incoming = new PinnedBuffer[SLOTS];
  private final PinnedBuffer[] outgoing = new PinnedBuffer[SLOTS];
  private final @Nullable Piece[] awaited = new Piece[SLOTS]; // on their way out
  private int nextIn;
  private int nextOut;

  /**
   * Passes of which none is queued.
   *
   * @param parameters in the order of the stepper's
   * @param mostPiece bytes of a piece; at least a tile's
   */
  OffloadPasses(
      CudaDevice device, CudaStepper stepper, List<OffloadedParameter> parameters, long mostPiece) {
    this.stepper = stepper;
    this.parameters = List.copyOf(parameters);
    try {
      in = closer.add(device.stream());
      out = closer.add(device.stream());
      arrived = closer.add(device.event());
      updated = closer.add(device.event());
      long largest = cut(mostPiece);
      Arrays.setAll(incoming, _ -> closer.add(device.allocatePinned(largest)));
      Arrays.setAll(outgoing, _ -> closer.add(device.allocatePinned(largest)));
    } catch (RuntimeException | Error e) {
      CloseFailures.closeAfter(e, closer::close);
      throw e;
    }
  }

  /**
   * Cuts all parameters into pieces: whole tiles of large ones, several small ones together.
   *
   * @return the bytes of the largest
   */
  private long cut(long mostPiece) {
    long most = mostPiece / Float.BYTES / ChunkTable.TILE * ChunkTable.TILE;
    long largest = 0;
    long bytes = 0;
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      long elements = parameters.get(i).elements();
      for (long from = 0; from < elements; from += most) {
        Part part = new Part(i, from, Math.min(elements, from + most));
        if (bytes + part.bytes() > mostPiece) {
          add(parts);
          parts = new ArrayList<>();
          bytes = 0;
        }
        parts.add(part);
        bytes += part.bytes();
        largest = Math.max(largest, bytes);
      }
    }
    add(parts);
    return largest;
  }

  private void add(List<Part> parts) {
    pieces.add(
        new Piece(
            List.copyOf(parts), stepper.launches().piece(parts, stepper.planner()::isSparse)));
  }

  @Override
  public void measure(CudaStream stream) {
    if (!stepper.planner().measures()) {
      return; // gradients come in with the update
    }
    for (Piece piece : pieces) {
      bringIn(piece, stream);
      piece.launches().measure(stream);
    }
    stepper.launches().sum(stream);
  }

  @Override
  public void update(CudaStream stream) {
    Arrays.fill(awaited, null); // of a step that broke off
    stepper.launches().decide(stream);
    for (Piece piece : pieces) {
      if (!stepper.planner().measures()) {
        bringIn(piece, stream);
      }
      piece.launches().update(stream);
      takeOut(piece, stream);
    }
    stepper.launches().tally(stream);
    for (int k = 0; k < SLOTS; k++) {
      arrive(k);
    }
  }

  /** Queues the gradients of a piece; the kernels wait for them. */
  private void bringIn(Piece piece, CudaStream stream) {
    PinnedBuffer buffer = incoming[nextIn];
    nextIn = (nextIn + 1) % SLOTS;
    buffer.await();
    long at = 0;
    for (Part part : piece.parts()) {
      OffloadedParameter parameter = parameters.get(part.parameter());
      MemorySegment source = parameter.source();
      DeviceTensor gradient = parameter.gradient();
      if (source != null && gradient != null) {
        MemorySegment.copy(source, part.offset(), buffer.segment(), at, part.bytes());
        in.upload(buffer, at, slice(gradient, part));
        at += part.bytes();
      }
    }
    arrived.record(in);
    stream.await(arrived);
  }

  /** Queues the weights of a piece for the way out, behind what changes them. */
  private void takeOut(Piece piece, CudaStream stream) {
    arrive(nextOut);
    updated.record(stream);
    out.await(updated);
    long at = 0;
    for (Part part : piece.parts()) {
      OffloadedParameter parameter = parameters.get(part.parameter());
      if (parameter.source() != null) {
        out.download(slice(parameter.weights(), part), outgoing[nextOut], at);
        at += part.bytes();
      }
    }
    awaited[nextOut] = piece;
    nextOut = (nextOut + 1) % SLOTS;
  }

  /** Waits for the weights that a buffer receives, and gives them to their owner. */
  private void arrive(int slot) {
    Piece piece = awaited[slot];
    awaited[slot] = null;
    if (piece == null) {
      return;
    }
    PinnedBuffer buffer = outgoing[slot];
    buffer.await();
    long at = 0;
    for (Part part : piece.parts()) {
      OffloadedParameter parameter = parameters.get(part.parameter());
      if (parameter.source() != null) {
        MemorySegment target = parameter.target();
        MemorySegment.copy(buffer.segment(), at, target, part.offset(), part.bytes());
        at += part.bytes();
      }
    }
  }

  private static DeviceBuffer slice(DeviceTensor tensor, Part part) {
    return tensor.buffer().slice(part.offset(), part.bytes());
  }

  @Override
  public void close() {
    closer.close();
  }
}
