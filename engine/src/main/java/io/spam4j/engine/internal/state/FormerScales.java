package io.spam4j.engine.internal.state;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.MomentCodes;
import java.lang.foreign.MemorySegment;

/**
 * 8-bit moments as files have them that are older than {@link MomentCodes}: relative to the largest
 * of their block, which is its scale; NaN if the block is.
 *
 * <pre>
 *   m = code / (254 - |code|) * scale     code of -127 to 127
 *   v = (code / 255)^2 * scale            code of 0 to 255
 * </pre>
 */
public final class FormerScales {
  private FormerScales() {}

  /**
   * Encodes moments anew, in place.
   *
   * @param first the codes of the file, to be those of grids
   * @param second the same of the second moments
   * @param grids receives those of the blocks; it must be zero
   */
  public static void encodeAnew(
      Tensor first, Tensor firstScales, Tensor second, Tensor secondScales, Tensor grids) {
    MemorySegment ofFirst = MemorySegment.ofArray(new float[MomentCodes.BLOCK]);
    MemorySegment ofSecond = MemorySegment.ofArray(new float[MomentCodes.BLOCK]);
    for (long from = 0; from < first.elements(); from += MomentCodes.BLOCK) {
      long block = from / MomentCodes.BLOCK;
      int count = (int) Math.min(MomentCodes.BLOCK, first.elements() - from);
      float scale = firstScales.getFloat(block);
      float secondScale = Math.abs(secondScales.getFloat(block)); // a zero may have any sign
      for (int i = 0; i < count; i++) {
        float code = first.memory().get(JAVA_BYTE, from + i);
        float m = code / (254 - Math.abs(code)) * scale;
        float root = (second.memory().get(JAVA_BYTE, from + i) & 255) * (1 / 255f);
        ofFirst.set(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, m);
        ofSecond.set(JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, root * root * secondScale);
      }
      MomentCodes.encode(
          ofFirst, ofSecond, 0, first.memory(), second.memory(), grids.memory(), block, count, 0);
    }
  }
}
