package io.spam4j.engine.analysis;

import io.spam4j.engine.analysis.SpikeCensus.StepSpikes;
import io.spam4j.engine.analysis.SpikeCensus.TensorSpikes;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The magnitudes that one tensor's gradients had, a sum a coordinate, and the spikes found by them.
 *
 * <p>A coordinate's score is |g| n / sum, with n the finite gradients in the sum; multiplying all
 * gradients by a power of two changes no bit of it. Where the sum is 0 there is no score.
 */
final class TensorHistory {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final Arena arena;
  private final String name;
  private final long elements;

  private final MemorySegment sums; // a double a coordinate
  private @Nullable MemorySegment absent; // an int a coordinate: its NaN and Inf, once there is one
  private long added;
  private double addedMagnitude;

  private final LongArrayList spikySteps = new LongArrayList();
  private final LongArrayList spikesThen = new LongArrayList();
  private long scored;
  private double scoredMagnitude;
  private long spikes;
  private long nonFinite;
  private double largestScore;
  private long largestStep;

  TensorHistory(Arena arena, String name, long elements) {
    this.arena = arena;
    this.name = name;
    this.elements = elements;
    sums = arena.allocate(elements * Double.BYTES, 64);
  }

  /** Adds a step's gradient to the sums. */
  void add(MemorySegment gradient) {
    added++;
    for (long i = 0; i < elements; i++) {
      double magnitude = Math.abs(gradient.get(FLOAT, i * Float.BYTES));
      if (Double.isFinite(magnitude)) {
        sums.set(DOUBLE, i * Double.BYTES, sums.get(DOUBLE, i * Double.BYTES) + magnitude);
        addedMagnitude += magnitude;
      } else {
        leaveOut(i);
      }
    }
  }

  /** Allocates what {@link #add} needs for this gradient, which then cannot fail. */
  void reserve(MemorySegment gradient) {
    for (long i = 0; i < elements && absent == null; i++) {
      if (!Float.isFinite(gradient.get(FLOAT, i * Float.BYTES))) {
        absent = arena.allocate(elements * Integer.BYTES, 64);
      }
    }
  }

  private void leaveOut(long i) {
    MemorySegment counts = Objects.requireNonNull(absent, "reserve comes first");
    counts.set(INT, i * Integer.BYTES, counts.get(INT, i * Integer.BYTES) + 1);
  }

  /** How many finite gradients coordinate i's sum holds. */
  private long samples(long i) {
    return absent == null ? added : added - absent.get(INT, i * Integer.BYTES);
  }

  /**
   * Scores a step's gradient against the sums and counts what it finds.
   *
   * @param step its number, for the location
   * @param fewest coordinates whose sum holds fewer gradients are not scored; at least 1
   * @return the spikes of this step
   */
  long score(MemorySegment gradient, long step, double threshold, long fewest) {
    scored++;
    long found = 0;
    for (long i = 0; i < elements; i++) {
      double magnitude = Math.abs(gradient.get(FLOAT, i * Float.BYTES));
      if (!Double.isFinite(magnitude)) {
        nonFinite++;
        continue;
      }
      scoredMagnitude += magnitude;
      double sum = sums.get(DOUBLE, i * Double.BYTES);
      long samples = samples(i);
      if (sum > 0 && samples >= fewest) {
        double score = magnitude * samples / sum;
        if (score > threshold) {
          found++;
        }
        if (score > largestScore) {
          largestScore = score;
          largestStep = step;
        }
      }
    }
    if (found > 0) {
      spikySteps.add(step);
      spikesThen.add(found);
    }
    spikes += found;
    return found;
  }

  /** Whether scored and added gradients were, as far as their number and sum tell, the same. */
  boolean isReplayed() {
    return scored == added && scoredMagnitude == addedMagnitude;
  }

  /** The mean magnitude of coordinate i; NaN if it had no finite gradient. */
  double meanMagnitude(long i) {
    return sums.get(DOUBLE, i * Double.BYTES) / samples(i);
  }

  String name() {
    return name;
  }

  long elements() {
    return elements;
  }

  /** The bytes it allocated. */
  long bytes() {
    return sums.byteSize() + (absent == null ? 0 : absent.byteSize());
  }

  TensorSpikes spikes() {
    List<StepSpikes> locations = new ArrayList<>(spikySteps.size());
    for (int i = 0; i < spikySteps.size(); i++) {
      locations.add(new StepSpikes(spikySteps.getLong(i), spikesThen.getLong(i)));
    }
    return new TensorSpikes(
        name, elements, spikes, locations, largestScore, largestStep, nonFinite);
  }
}
