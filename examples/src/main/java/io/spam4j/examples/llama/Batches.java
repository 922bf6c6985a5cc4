package io.spam4j.examples.llama;

import io.spam4j.tensors.Philox;
import java.util.ArrayList;
import java.util.List;

/** Sequences of a text; each one byte longer than the model reads, since it predicts the next. */
public final class Batches {
  private final byte[] text;
  private final int batch;
  private final int length;
  private final long seed;

  public Batches(byte[] text, int batch, int length, long seed) {
    this.text = text;
    this.batch = batch;
    this.length = length;
    this.seed = seed;
  }

  /** The sequences of a step, drawn from the seed and the step alone. */
  public Batch training(int step) {
    Philox random = Philox.stream(seed, "batch", step);
    int[] starts = new int[batch];
    for (int i = 0; i < batch; i++) {
      starts[i] = (int) random.below(i, text.length - length);
    }
    return read(starts, 0, batch);
  }

  /**
   * The text cut into sequences, or evenly spaced ones if there are more than {@code maxBatches}
   * batches of them; the last batch may be smaller.
   */
  public List<Batch> validation(int maxBatches) {
    int available = (text.length - 1) / length;
    int count = Math.min(available, Math.multiplyExact(maxBatches, batch));
    int[] starts = new int[count];
    for (int i = 0; i < count; i++) {
      starts[i] = (int) ((long) i * available / count) * length;
    }
    List<Batch> batches = new ArrayList<>();
    for (int from = 0; from < count; from += batch) {
      batches.add(read(starts, from, Math.min(count, from + batch)));
    }
    return batches;
  }

  private Batch read(int[] starts, int from, int to) {
    long[] inputs = new long[(to - from) * length];
    long[] targets = new long[inputs.length];
    for (int i = from; i < to; i++) {
      for (int j = 0; j < length; j++) {
        int at = (i - from) * length + j;
        inputs[at] = Byte.toUnsignedLong(text[starts[i] + j]);
        targets[at] = Byte.toUnsignedLong(text[starts[i] + j + 1]);
      }
    }
    return new Batch(inputs, targets, to - from, length);
  }
}
