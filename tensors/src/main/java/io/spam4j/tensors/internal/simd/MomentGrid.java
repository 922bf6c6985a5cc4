package io.spam4j.tensors.internal.simd;

/**
 * The grid of a block of 8-bit moments: which roots of second moments the codes 1 to 255 stand for.
 * The bits of a positive float, read as an integer, grow with it; a grid has every 2^s-th of them,
 * 255 one after the other:
 *
 * <pre>
 *   root of code k = the float of bits  floor + (k &lt;&lt; s)       s of 14 to 19, floor a multiple of 2^s
 *   grid           = floor + s;  0 where every root is 0
 * </pre>
 *
 * <p>With s = 19 that is 4 bits of mantissa and 16 octaves, with s = 14 it is 9 bits and half an
 * octave. Grids are nested: what lies on one lies on each finer one.
 *
 * <p>A block keeps its grid from step to step while all its roots lie on it and a finer one would
 * not do by far. So a loop can write codes before it has seen all of a block, and rarely does so in
 * vain.
 */
public final class MomentGrid {
  /** The grid of a block that is NaN as a whole: no other grid is as large, as an integer. */
  public static final int NAN = 0x7fc0_0000;

  /** The largest grid that is none of NaN. */
  public static final int LARGEST = 0x7f7f_ffff;

  /** The coarsest grid of roots above 1. */
  public static final int ONE = 0x3f80_0013;

  private static final int FINEST = 14;
  private static final int COARSEST = 19;
  private static final int SHIFT = 31;
  private static final int CODES = 255;

  /* Of 255 codes a new grid leaves some 48 free at either end, so that roots can move. */
  private static final int WIDEST = 160;

  /* Fewer codes of the finer grid than this, and the block changes to it. */
  private static final int NARROWEST = 100;

  /* Of the coarsest grid, if it is too short: free above the largest root; and the fewest codes up
  to it, while smaller roots than the grid has are raised to its first code. */
  private static final int FREE_ABOVE = 16;
  private static final int REACHED = 208;

  /** The largest root, 1.9 * 2^63: on each grid that has it, and its square is finite. */
  private static final int LARGEST_ROOT = 0x5f78_0000;

  /** The smallest root, 2^-63: its square is the smallest normal float. */
  private static final int LEAST_ROOT = 0x2000_0000;

  /** The coarsest grid from the smallest root on. */
  private static final int LOWEST = (LEAST_ROOT - (1 << COARSEST)) | COARSEST;

  private MomentGrid() {}

  /** By how many bits codes are shifted. */
  public static int shift(int grid) {
    return (grid == 0 ? LOWEST : grid) & SHIFT;
  }

  /** The bits of what would be code 0, had that not another meaning. */
  public static int floor(int grid) {
    return (grid == 0 ? LOWEST : grid) & ~SHIFT;
  }

  /**
   * Whether a block with this grid keeps it.
   *
   * @param most the bits of the largest root; at most those of infinity
   * @param least the bits of the smallest; 0 if any is 0
   */
  public static boolean keeps(int grid, int most, int least) {
    if (most == 0 || grid == 0) {
      return most == grid;
    }
    int shift = grid & SHIFT;
    int floor = grid - shift;
    if (most > floor + (CODES << shift)) {
      return false;
    }
    int first = least == 0 ? 0 : Math.max(least, LEAST_ROOT);
    if (first >= floor + (1 << shift)) {
      return shift == FINEST || most - first >= NARROWEST << (shift - 1);
    }
    return shift == COARSEST && (most >= floor + (REACHED << shift) || grid == LOWEST);
  }

  /** The grid that a block gets which does not keep its own; see {@link #keeps}. */
  public static int chosen(int most, int least) {
    if (most == 0) {
      return 0;
    }
    int top = Math.clamp(most, LEAST_ROOT, LARGEST_ROOT);
    int first = least == 0 ? 0 : Math.clamp(least, LEAST_ROOT, top);
    int shift = FINEST;
    while (shift < COARSEST && top - first > WIDEST << shift) {
      shift++;
    }
    int codes = (top - first) >> shift;
    int above = codes <= WIDEST ? (CODES - codes) / 2 : FREE_ABOVE;
    int base = Math.min((top >> shift) + above, LARGEST_ROOT >> shift) - CODES;
    return (Math.max(base, (LEAST_ROOT >> shift) - 1) << shift) | shift;
  }

  /** Whether a grid is one that a block of finite moments can have. */
  public static boolean isPossible(int grid) {
    int shift = grid & SHIFT;
    return grid == 0
        || (grid > 0
            && shift >= FINEST
            && shift <= COARSEST
            && (grid & ((1 << shift) - 1)) == shift
            && grid - shift >= LEAST_ROOT - (1 << shift)
            && grid - shift <= LARGEST_ROOT - (CODES << shift));
  }
}
