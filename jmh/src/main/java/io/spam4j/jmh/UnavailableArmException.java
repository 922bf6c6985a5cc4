package io.spam4j.jmh;

import io.spam4j.cuda.CudaAvailability.Unavailable;
import java.io.Serial;

/** Ends a benchmark that this host cannot run; JMH prints it and goes on with the next one. */
final class UnavailableArmException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  UnavailableArmException(String message) {
    super(message, null, false, false); // only its message tells anything
  }

  /** The one line for it. */
  static String text(Unavailable cuda) {
    return "cuda arm unavailable: %s; %s".formatted(cuda.reason(), cuda.hint());
  }
}
