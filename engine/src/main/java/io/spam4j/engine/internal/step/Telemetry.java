package io.spam4j.engine.internal.step;

import io.spam4j.engine.StepListener;
import io.spam4j.engine.StepReport;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tells the world of steps: flight recordings and listeners. With neither it allocates nothing, and
 * nothing that a listener does breaks a step.
 */
public final class Telemetry {
  private static final System.Logger LOG = System.getLogger("io.spam4j.engine");

  private final @Nullable FlightEvents flight =
      isFlightRecorderVisible() ? new FlightEvents() : null;
  private final @Nullable StepListener[] listeners; // null where one has thrown

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

  /** A step is complete. */
  public void end(StepReport report) {
    if (flight != null) {
      flight.end(report);
    }
    for (int i = 0; i < listeners.length; i++) {
      StepListener listener = listeners[i];
      if (listener != null && !tells(listener, report)) {
        listeners[i] = null;
      }
    }
  }

  private static boolean tells(StepListener listener, StepReport report) {
    try {
      listener.stepped(report);
      return true;
    } catch (RuntimeException e) {
      LOG.log(
          Level.ERROR,
          "listener must not throw, and is not called again: listener=%s, step=%d"
              .formatted(listener.getClass().getName(), report.step()),
          e);
      return false;
    }
  }
}
