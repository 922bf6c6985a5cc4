package io.spam4j.cuda.internal;

import java.io.Serial;

/** Ends a probe from within; never leaves the module. */
public final class CudaUnavailableException extends Exception {
  @Serial private static final long serialVersionUID = 1;

  private final String hint;

  public CudaUnavailableException(String reason, String hint) {
    super(reason, null, false, false); // a value in disguise: no stack trace
    this.hint = hint;
  }

  /** What to do about it. */
  public String hint() {
    return hint;
  }
}
