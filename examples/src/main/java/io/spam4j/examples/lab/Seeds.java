package io.spam4j.examples.lab;

import java.util.SplittableRandom;

/** Random numbers as a function of (seed, purpose, index): no draw depends on an earlier one. */
final class Seeds {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private Seeds() {}

  static SplittableRandom random(long seed, String purpose, long index) {
    return new SplittableRandom(hash(seed, purpose, index));
  }

  static long hash(long seed, String purpose, long index) {
    return mix(mix(seed ^ mix(fnv1a(purpose))) + index);
  }

  /** A uniform number in [0, 1). */
  static double uniform(long hash) {
    return (hash >>> 11) * 0x1.0p-53;
  }

  private static long fnv1a(String text) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * FNV_PRIME;
    }
    return hash;
  }

  /** The finalizer of SplitMix64. */
  static long mix(long z) {
    z += 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
