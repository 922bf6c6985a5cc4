package io.spam4j.cuda;

import java.io.Serial;

/** Ends a probe from within; never leaves the module. */
final class CudaUnavailableException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final String hint;

  CudaUnavailableException(String reason, String hint) {
    super(reason, null, false, false); // a value in disguise: no stack trace
    this.hint = hint;
  }

  /** What to do about it. */
  String hint() {
    return hint;
  }
}
