package io.spam4j.engine.internal.work;

import io.spam4j.tensors.internal.simd.Measure;
import java.util.Arrays;

/**
 * The work of all tensors as one flat list: pieces, each a range of one tensor, gathered into units
 * that a thread takes at a time. Depends on the tensors' sizes alone, never on threads.
 */
public final class WorkPlan {
  /**
   * The most elements of a piece: 64 KiB of each stream, and a multiple of the blocks of reductions
   * and of selections, so that no block is ever cut.
   */
  public static final int UNIT = 4 * Measure.BLOCK;

  private final int[] pieceTensor;
  private final long[] pieceFrom;
  private final long[] pieceTo;
  private final int[] unitFirstPiece;
  private final int[] wholeEnd;

  private WorkPlan(int[] pieceTensor, long[] pieceFrom, long[] pieceTo, int[] unitFirstPiece) {
    this.pieceTensor = pieceTensor;
    this.pieceFrom = pieceFrom;
    this.pieceTo = pieceTo;
    this.unitFirstPiece = unitFirstPiece;
    wholeEnd = wholeEnds(pieceTensor, pieceFrom);
  }

  /**
   * Plans tensors of these sizes, in this order.
   *
   * @throws IllegalArgumentException if there are too many pieces: more than 2^31 of them
   */
  public static WorkPlan of(long[] elements) {
    int[] largestPiece = new int[elements.length];
    Arrays.fill(largestPiece, UNIT);
    return of(elements, largestPiece);
  }

  /**
   * Plans the rows of tensors: pieces are ranges of whole rows, about as many elements as above.
   *
   * @param rows the number of rows of each tensor
   * @param lengths the elements a row of each tensor
   */
  public static WorkPlan ofRows(long[] rows, long[] lengths) {
    int[] largestPiece = new int[rows.length];
    Arrays.setAll(largestPiece, i -> (int) Math.max(1, UNIT / lengths[i]));
    return of(rows, largestPiece);
  }

  private static WorkPlan of(long[] elements, int[] largestPiece) {
    long count = 0;
    for (int i = 0; i < elements.length; i++) {
      count += (elements[i] + largestPiece[i] - 1) / largestPiece[i];
    }
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "pieces must be fewer than 2^31: pieces=" + count + ", elements a piece=" + UNIT);
    }
    int pieces = (int) count;
    int[] tensors = new int[pieces];
    long[] froms = new long[pieces];
    long[] tos = new long[pieces];
    int[] firsts = new int[pieces + 1];
    int units = 0;
    int piece = 0;
    double inUnit = 0; // 1 is full
    for (int tensor = 0; tensor < elements.length; tensor++) {
      int most = largestPiece[tensor];
      for (long from = 0; from < elements[tensor]; from += most) {
        long to = Math.min(elements[tensor], from + most);
        double share = (double) (to - from) / most;
        if (piece == 0 || inUnit + share > 1) {
          firsts[units++] = piece;
          inUnit = 0;
        }
        inUnit += share;
        tensors[piece] = tensor;
        froms[piece] = from;
        tos[piece] = to;
        piece++;
      }
    }
    firsts[units] = piece;
    return new WorkPlan(tensors, froms, tos, Arrays.copyOf(firsts, units + 1));
  }

  /**
   * The first piece from this one on that is not a whole tensor whose number follows the one of the
   * piece before; the piece itself if it is no whole tensor.
   */
  int wholeEnd(int piece) {
    return wholeEnd[piece];
  }

  /** Of each piece: see {@link #wholeEnd(int)}. */
  private static int[] wholeEnds(int[] tensors, long[] froms) {
    int[] ends = new int[tensors.length];
    for (int piece = tensors.length - 1; piece >= 0; piece--) {
      int next = piece + 1;
      boolean isLast = next == tensors.length;
      boolean isWhole = froms[piece] == 0 && (isLast || tensors[next] != tensors[piece]);
      boolean goesOn = !isLast && tensors[next] == tensors[piece] + 1 && ends[next] > next;
      ends[piece] = !isWhole ? piece : goesOn ? ends[next] : next;
    }
    return ends;
  }

  /** The number of units. */
  public int units() {
    return unitFirstPiece.length - 1;
  }

  /** The first piece of a unit; that of unit {@link #units} is the number of pieces. */
  int firstPiece(int unit) {
    return unitFirstPiece[unit];
  }

  /** The tensor of a piece. */
  int tensor(int piece) {
    return pieceTensor[piece];
  }

  /** The first element of a piece. */
  long from(int piece) {
    return pieceFrom[piece];
  }

  /** The end of a piece, exclusive. */
  long to(int piece) {
    return pieceTo[piece];
  }
}
