package io.spam4j.tensors;

/**
 * The element types a tensor can have: the names and widths of the safetensors format (huggingface
 * safetensors 0.8). The constants are in the format's own order, which its writer sorts by.
 */
public enum DType {
  BOOL(8),
  F4(4),
  F6_E2M3(6),
  F6_E3M2(6),
  U8(8),
  I8(8),
  F8_E5M2(8),
  F8_E4M3(8),
  F8_E8M0(8),
  F8_E4M3FNUZ(8),
  F8_E5M2FNUZ(8),
  I16(16),
  U16(16),
  F16(16),
  BF16(16),
  I32(32),
  U32(32),
  F32(32),
  C64(64),
  F64(64),
  I64(64),
  U64(64);

  private final int bits;

  DType(int bits) {
    this.bits = bits;
  }

  /** The bits of one element; not always a multiple of 8. */
  public int bits() {
    return bits;
  }

  /**
   * The bytes that {@code elements} elements take, packed.
   *
   * @throws IllegalArgumentException if {@code elements} is negative
   * @throws ArithmeticException if the bits overflow a {@code long} or are no whole number of bytes
   */
  public long bytes(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("elements must not be negative: elements=" + elements);
    }
    long total = Math.multiplyExact(elements, (long) bits);
    if (total % 8 != 0) {
      throw new ArithmeticException(
          "elements must fill whole bytes: dtype=" + this + ", elements=" + elements);
    }
    return total / 8;
  }
}
