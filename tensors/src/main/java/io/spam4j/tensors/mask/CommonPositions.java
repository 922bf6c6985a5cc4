package io.spam4j.tensors.mask;

/** What two masks have in common, see {@link IndexMask#forEachCommon}. */
final class CommonPositions {
  private static final int BLOCK = IndexMask.BLOCK;

  private CommonPositions() {}

  static void forEach(IndexMask a, IndexMask b, IndexMask.CommonVisitor visitor) {
    long[] inA = new long[BLOCK];
    long[] inB = new long[BLOCK];
    long i = 0;
    long j = 0;
    while (i < a.count() && j < b.count()) {
      int p = (int) (i % BLOCK);
      int q = (int) (j % BLOCK);
      int endA = p == 0 ? a.decode(i / BLOCK, inA) : a.size(i / BLOCK);
      int endB = q == 0 ? b.decode(j / BLOCK, inB) : b.size(j / BLOCK);
      long baseA = i - p;
      long baseB = j - q;
      while (p < endA && q < endB) {
        long atA = inA[p];
        long atB = inB[q];
        if (atA == atB) {
          visitor.accept(baseA + p, baseB + q);
        }
        p += atA <= atB ? 1 : 0;
        q += atB <= atA ? 1 : 0;
      }
      i = baseA + p;
      j = baseB + q;
    }
  }

  /** Whether two masks of as many elements select the same ones, however each says so. */
  static boolean areAll(IndexMask a, IndexMask b) {
    MaskPositions inA = new MaskPositions(a);
    MaskPositions inB = new MaskPositions(b);
    while (inA.hasNext() && inB.hasNext()) {
      if (inA.nextLong() != inB.nextLong()) {
        return false;
      }
    }
    return inA.hasNext() == inB.hasNext();
  }
}
