package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.engine.checkpoint.CheckpointFormatException;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.MomentGrid;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Which numbers state and weights can have: what no step gives is no state. A mean of squares is
 * not negative, and infinite where a square is no float; all else is finite, weights too: a run
 * that made them infinite has none to go on from. NaN, and what comes of infinite gradients, is
 * there only where they take part in the arithmetic.
 */
public final class StateValues {
  /** What messages call the weights. */
  public static final String WEIGHTS = "weights";

  /** What is wrong with a file that only a run with such gradients can have saved. */
  public static final String NOT_FINITE =
      "checkpoint must be finite but with NonFinitePolicy.PROPAGATE, take an older file";

  private static final int INFINITY = 0x7f80_0000;
  private static final int MAGNITUDE = Integer.MAX_VALUE;

  private StateValues() {}

  /**
   * The numbers that some state can have.
   *
   * @param negative whether some are
   * @param infinite whether some are
   * @param nan whether some are none
   * @param grid whether they are those of {@link MomentGrid}
   */
  private record Range(boolean negative, boolean infinite, boolean nan, boolean grid) {
    Range(boolean negative, boolean infinite, boolean nan) {
      this(negative, infinite, nan, false);
    }

    static Range of(String state, boolean propagates) {
      return switch (state) {
        case StateNames.SECOND, StateNames.LARGEST -> new Range(false, true, propagates);
        case StateNames.ROWS, StateNames.COLUMNS, StateNames.VARIANCE ->
            new Range(false, propagates, propagates);
        case StateNames.FIRST_SCALE, StateNames.SECOND_SCALE ->
            new Range(false, false, propagates); // a block that is not finite has a scale of NaN
        case StateNames.GRID -> new Range(false, false, propagates, true);
        default -> new Range(true, propagates, propagates);
      };
    }

    /** Whether it has the float32 of these bits; a zero may have any sign. */
    boolean has(int bits) {
      if (grid) {
        return MomentGrid.isPossible(bits) || (nan && bits == MomentGrid.NAN);
      }
      int magnitude = bits & MAGNITUDE;
      if (magnitude >= INFINITY) {
        return magnitude > INFINITY ? nan : infinite && (negative || bits >= 0);
      }
      return negative || bits >= 0 || magnitude == 0;
    }
  }

  /**
   * Refuses numbers that no step gives.
   *
   * @param file they come from
   * @param state the name of the tensor, or {@link #WEIGHTS}
   * @param propagates whether gradients that are not finite take part in the arithmetic
   */
  public static void require(
      Path file, String parameter, String state, Tensor tensor, boolean propagates)
      throws CheckpointFormatException {
    long invalid = firstInvalid(tensor, Range.of(state, propagates));
    if (invalid >= 0) {
      throw refused(file, parameter, state, tensor, invalid, propagates);
    }
  }

  /**
   * Refuses to write what a load would refuse: a file that is whole stays, and nothing takes its
   * place that no run can go on from.
   *
   * @param state the name of the tensor; null for the weights
   * @param from the first element of the piece
   * @param propagates whether gradients that are not finite take part in the arithmetic
   * @throws IllegalStateException if some numbers are not finite, though gradients that are not
   *     take no part
   */
  public static void requireLoadable(
      String parameter, @Nullable String state, long from, Tensor piece, boolean propagates) {
    String name = state == null ? WEIGHTS : state;
    long invalid = firstInvalid(piece, Range.of(name, propagates));
    if (invalid >= 0) {
      throw new IllegalStateException(
          ("what is saved must be finite but with NonFinitePolicy.PROPAGATE, go back to an older"
                  + " file: parameter=%s, state=%s, element=%d, value=%s")
              .formatted(parameter, name, from + invalid, value(piece, invalid)));
    }
  }

  /** The first element that is out of range; negative if there is none. */
  private static long firstInvalid(Tensor tensor, Range range) {
    MemorySegment memory = tensor.memory();
    long n = tensor.elements();
    switch (tensor.dtype()) {
      case F32 -> {
        for (long i = 0; i < n; i++) {
          if (!range.has(memory.get(JAVA_INT_UNALIGNED, i * Float.BYTES))) {
            return i;
          }
        }
      }
      case BF16 -> {
        for (long i = 0; i < n; i++) {
          if (!range.has(memory.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << Short.SIZE)) {
            return i;
          }
        }
      }
      case I8 -> { // codes have both signs alike
        for (long i = 0; i < n; i++) {
          if (memory.get(JAVA_BYTE, i) == Byte.MIN_VALUE) {
            return i;
          }
        }
      }
      default -> {
        return -1;
      }
    }
    return -1;
  }

  private static CheckpointFormatException refused(
      Path file, String parameter, String state, Tensor tensor, long i, boolean propagates) {
    long invalid = firstInvalid(tensor, Range.of(state, /* propagates= */ true));
    boolean propagating = invalid < 0 || invalid > i;
    return CheckpointFormatException.of(
        file,
        !propagates && propagating
            ? NOT_FINITE
            : "checkpoint must hold what a step can give, take an older file",
        "parameter=%s, state=%s, element=%d, value=%s"
            .formatted(parameter, state, i, value(tensor, i)),
        null);
  }

  private static Number value(Tensor tensor, long i) {
    MemorySegment memory = tensor.memory();
    return switch (tensor.dtype()) {
      case I8 -> memory.get(JAVA_BYTE, i);
      case F64 -> memory.get(JAVA_DOUBLE_UNALIGNED, i * Double.BYTES);
      case BF16 ->
          Float.intBitsToFloat(memory.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES) << Short.SIZE);
      default -> tensor.getFloat(i);
    };
  }
}
