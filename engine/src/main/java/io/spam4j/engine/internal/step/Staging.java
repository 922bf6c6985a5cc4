package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.internal.state.StagedBlock;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Room outside the heap, for each participant, in which the update finds float32 copies of what is
 * stored in other formats or lies on the heap. Room for the latter, and for gradients, is made at
 * the first step that needs it.
 */
public final class Staging implements AutoCloseable {
  /*
   * Where a loop meets both kinds of memory the compiler puts its vectors on the heap: without these
   * copies a step took 60 to 100 times as long and made 190 bytes of garbage a weight. The copies of
   * a block of all four streams are 32 KiB, so they stay in the first-level cache.
   */

  private final RuleParts parts;
  private final @Nullable Tensor[] direct; // the gradient of each tensor that needed none last
  private @Nullable List<StagedBlock> blocks; // of each participant
  private @Nullable Owned<List<StagedBlock>> ownBlocks; // the same, if a step made them

  /**
   * Room, or none yet.
   *
   * @param always whether some state is not float32, so that room is needed whatever is given
   */
  public Staging(RuleParts parts, boolean always) {
    this.parts = parts;
    direct = new Tensor[parts.parameters().size()];
    boolean needed =
        always || parts.parameters().stream().anyMatch(p -> p.weights().dtype() != DType.F32);
    blocks = needed ? blocks(parts.arena()) : null;
  }

  private List<StagedBlock> blocks(Arena arena) {
    return Stream.generate(() -> StagedBlock.in(arena)).limit(parts.threads()).toList();
  }

  /**
   * Makes room if something that a step works on is not float32, or lies on the heap.
   *
   * @throws OutOfMemoryError if there is no memory; nothing is held then
   */
  public void prepare(StepState step) {
    for (int i = 0; i < direct.length && blocks == null; i++) {
      Tensor gradient = step.gradients[i];
      if (gradient != direct[i] && gradient != null) {
        look(i, gradient);
      }
    }
  }

  private void look(int tensor, Tensor gradient) {
    boolean isDirect = parts.parameters().get(tensor).weights().memory().isNative();
    if (isDirect && !isStaged(gradient)) {
      direct[tensor] = gradient;
    } else {
      ownBlocks = Owned.in(parts.arenas(), this::blocks);
      blocks = ownBlocks.value();
    }
  }

  /** Whether an update needs a float32 copy of a gradient. */
  public static boolean isStaged(Tensor gradient) {
    return !(gradient.dtype() == DType.F32 && gradient.memory().isNative());
  }

  /** The buffers of a participant. */
  public StagedBlock of(int participant) {
    return Objects.requireNonNull(blocks).get(participant);
  }

  /** The bytes of room for so many participants. */
  public static long bytes(int threads) {
    return StagedBlock.bytes(threads);
  }

  @Override
  public void close() {
    if (ownBlocks != null) {
      ownBlocks.close();
      ownBlocks = null;
    }
    blocks = null;
  }
}
