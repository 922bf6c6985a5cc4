package io.spam4j.engine.checkpoint;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What {@link io.spam4j.engine.Optimizer#save} puts into a checkpoint besides the state of the
 * optimizer. Immutable; each method returns a changed copy.
 *
 * <pre>{@code
 * optimizer.save(file, SaveOptions.defaults().withWeights().note("batch", "1200"));
 * }</pre>
 */
public final class SaveOptions {
  private static final SaveOptions DEFAULTS = new SaveOptions(false, Map.of());

  private final boolean weights;
  private final Map<String, String> notes;

  private SaveOptions(boolean weights, Map<String, String> notes) {
    this.weights = weights;
    this.notes = notes;
  }

  /** Only the state of the optimizer. */
  public static SaveOptions defaults() {
    return DEFAULTS;
  }

  /** The weights of all parameters too, so that one file holds all of a run. */
  public SaveOptions withWeights() {
    return new SaveOptions(true, notes);
  }

  /**
   * A text of the caller's, such as a position in the data; see {@link Checkpoint#notes}.
   *
   * @param key replaces an earlier note of the same key
   * @throws IllegalArgumentException if one of them has a lone surrogate
   */
  public SaveOptions note(String key, String text) {
    SavedNames.requireUnicode("note key", Objects.requireNonNull(key, "key must not be null"));
    SavedNames.requireUnicode("note", Objects.requireNonNull(text, "text must not be null"));
    Map<String, String> more = new TreeMap<>(notes);
    more.put(key, text);
    return new SaveOptions(weights, Collections.unmodifiableMap(more));
  }

  public boolean hasWeights() {
    return weights;
  }

  Map<String, String> notes() {
    return notes;
  }
}
