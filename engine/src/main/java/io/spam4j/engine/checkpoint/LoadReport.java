package io.spam4j.engine.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What a load took from a checkpoint and what it did not, by the optimizer's names of parameters.
 * Only what {@link LoadOptions} allow is ever left out; without them all is {@link #isComplete
 * complete}.
 *
 * @param restored parameters that go on with the moments and counters of the file
 * @param fresh parameters whose moments and counters start as in a new optimizer, and why
 * @param startedAtZero of each parameter, what the file lacks, or has of something else, and that
 *     starts at 0 beside what was restored: names of state tensors and of scalars
 * @param rounded of each parameter, what was kept in another type and was rounded to the nearest:
 *     the state tensor and both types
 * @param weights parameters whose weights were loaded; none unless {@link LoadOptions#withWeights}
 *     asks for them
 * @param weightsLeft parameters whose weights were asked for and stay as they are, and why
 * @param unused parameters of the file that the optimizer lacks, by their names there
 */
public record LoadReport(
    List<String> restored,
    SequencedMap<String, String> fresh,
    SequencedMap<String, List<String>> startedAtZero,
    SequencedMap<String, List<String>> rounded,
    List<String> weights,
    SequencedMap<String, String> weightsLeft,
    List<String> unused) {
  /** Copies what it is given. */
  public LoadReport {
    restored = List.copyOf(restored);
    fresh = copy(fresh);
    startedAtZero = copy(startedAtZero);
    rounded = copy(rounded);
    weights = List.copyOf(weights);
    weightsLeft = copy(weightsLeft);
    unused = List.copyOf(unused);
  }

  private static <V> SequencedMap<String, V> copy(SequencedMap<String, V> map) {
    return Collections.unmodifiableSequencedMap(new LinkedHashMap<>(map));
  }

  /** Whether every parameter has all of its own, as it was, and all of the file was used. */
  public boolean isComplete() {
    boolean hasAll = fresh.isEmpty() && startedAtZero.isEmpty() && rounded.isEmpty();
    return hasAll && weightsLeft.isEmpty() && unused.isEmpty();
  }
}
