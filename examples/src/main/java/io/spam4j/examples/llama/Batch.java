package io.spam4j.examples.llama;

import java.util.Arrays;

/**
 * Sequences of bytes, one after the other, and the byte that follows each of them.
 *
 * @param inputs sequences * length values in [0, 256)
 * @param targets as many
 */
@SuppressWarnings("ArrayRecordComponent") // Short-lived and never compared.
public record Batch(long[] inputs, long[] targets, int sequences, int length) {
  /** The sequences {@code [from, to)}. */
  Batch slice(int from, int to) {
    return new Batch(
        Arrays.copyOfRange(inputs, from * length, to * length),
        Arrays.copyOfRange(targets, from * length, to * length),
        to - from,
        length);
  }

  public int tokens() {
    return inputs.length;
  }
}
