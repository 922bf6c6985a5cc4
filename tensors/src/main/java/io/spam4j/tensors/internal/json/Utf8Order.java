package io.spam4j.tensors.internal.json;

import java.util.Comparator;

/** Orders strings by their bytes in UTF-8, as files do, without making those bytes. */
public final class Utf8Order {
  public static final Comparator<String> BY_UTF8 = Utf8Order::compare;

  private Utf8Order() {}

  private static int compare(String one, String other) {
    int shared = Math.min(one.length(), other.length());
    for (int i = 0; i < shared; i++) {
      char a = one.charAt(i);
      char b = other.charAt(i);
      if (a != b) {
        return Integer.compare(rank(a), rank(b));
      }
    }
    return Integer.compare(one.length(), other.length());
  }

  /** Surrogates, which stand for the largest code points, after all other characters. */
  private static int rank(char unit) {
    return Character.isSurrogate(unit) ? unit + Character.MAX_VALUE : unit;
  }
}
