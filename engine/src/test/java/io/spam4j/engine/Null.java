package io.spam4j.engine;

/** What callers whose compiler does not check for null may pass. */
public final class Null {
  private Null() {}

  /** Null, as any type. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // that is what it is for
  public static <T> T of() {
    return null;
  }
}
