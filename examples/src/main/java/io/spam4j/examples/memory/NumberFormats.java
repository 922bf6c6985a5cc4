package io.spam4j.examples.memory;

import io.spam4j.engine.options.MomentFormat;
import io.spam4j.examples.formats.Words;
import io.spam4j.tensors.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * How numbers are stored.
 *
 * @param weights F32 or BF16; gradients are the same
 * @param state of optimizers of Adam's family; others have float32
 */
record NumberFormats(DType weights, MomentFormat state) {
  /** Itself, the same with float32 state, and all float32; each once. */
  List<NumberFormats> andPlainer() {
    return Stream.of(
            this,
            new NumberFormats(weights, MomentFormat.F32),
            new NumberFormats(DType.F32, MomentFormat.F32))
        .distinct()
        .toList();
  }

  /** What to write behind an optimizer that has plainer formats only; nothing if they are these. */
  String mark(NumberFormats plainer) {
    if (plainer.equals(this)) {
      return "";
    }
    return plainer.weights == weights ? ", f32 state" : ", all f32";
  }

  /** What a reader of the table should know, a line each. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (weights == DType.BF16) {
      notes.add("exact weights: their other 16 bits are state, counted with the moments");
    }
    if (andPlainer().size() > 1) {
      notes.add(
          "marked f32: these optimizers have no other format, so they are counted in float32");
    }
    return notes;
  }

  /** In words, such as {@code weights and gradients bf16, moments int8}. */
  @Override
  public String toString() {
    return "weights and gradients %s, moments %s".formatted(Words.of(weights), Words.of(state));
  }
}
