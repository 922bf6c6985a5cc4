package io.spam4j.engine.internal.step;

import io.spam4j.engine.StepListener;
import io.spam4j.engine.StepListenerException;
import io.spam4j.engine.StepReport;
import java.util.List;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tells the world of steps: flight recordings and listeners. With neither it allocates nothing.
 * Nobody who is told can break a step, nor keep others from being told; what they throw goes to the
 * caller afterwards, because a log is not read by the program that trains.
 */
public final class Telemetry {
  private final @Nullable FlightEvents flight =
      isFlightRecorderVisible() ? new FlightEvents() : null;
  private final StepListener[] listeners;

  public Telemetry(List<StepListener> listeners) {
    this.listeners = List.copyOf(listeners).toArray(StepListener[]::new);
  }

  private static boolean isFlightRecorderVisible() {
    return ModuleLayer.boot()
        .findModule("jdk.jfr")
        .map(Telemetry.class.getModule()::canRead)
        .orElse(false);
  }

  /** A step begins. */
  public void begin() {
    if (flight != null) {
      flight.begin();
    }
  }

  /** The measuring pass found coordinates that are not finite, and the step will not be done. */
  public void refused(long step, IntToLongFunction nonFinite, StepReport names) {
    if (flight != null) {
      for (int i = 0; i < names.tensors(); i++) {
        flight.nonFinite(step, names.name(i), nonFinite.applyAsLong(i));
      }
    }
  }

  /**
   * A step is complete; tells all.
   *
   * @throws StepListenerException if somebody failed
   */
  public void end(StepReport report) {
    Throwable failure = null;
    if (flight != null) {
      try {
        flight.end(report);
      } catch (Throwable e) { // thrown below, when the listeners have been told too
        failure = e;
      }
    }
    for (StepListener listener : listeners) {
      try {
        listener.stepped(report);
      } catch (Throwable e) { // other languages throw what Java cannot declare
        failure = joined(failure, e);
      }
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw new StepListenerException(report, failure);
    }
  }

  /** Whether it is not the same; what they say of each other is not asked, it may throw. */
  @SuppressWarnings("ReferenceEquality")
  private static boolean isAnother(Throwable one, Throwable other) {
    return one != other;
  }

  /** The one of two failures that goes to the caller: an Error, or the first. */
  public static @Nullable Throwable joined(@Nullable Throwable first, @Nullable Throwable later) {
    if (first == null || later == null) {
      return first == null ? later : first;
    }
    boolean replaces = later instanceof Error && !(first instanceof Error);
    Throwable kept = replaces ? later : first;
    Throwable other = replaces ? first : later;
    if (isAnother(kept, other)) {
      kept.addSuppressed(other);
    }
    return kept;
  }
}
