package io.spam4j.examples.doctor;

import io.spam4j.engine.roofline.Roofline;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;

/**
 * Why a step may be slower than memory allows.
 *
 * @param bits of the vectors that kernels use; 0 if they run scalar
 * @param vectorModule whether the vector module is there
 * @param processors that this process may use
 * @param load processes that wanted a processor in the last minute, on average, this one included;
 *     negative if the system does not tell
 */
record SlowStep(int bits, boolean vectorModule, int processors, double load) {
  /** The share of the limit's bandwidth that a step should reach. */
  static final double ENOUGH = 0.7;

  private static final long IN_MEMORY = 4_000_000; // weights that do not fit a usual cache
  private static final int BYTES = 16; // a weight, its gradient and moments

  static SlowStep ofThisProcess() {
    return new SlowStep(
        VectorMode.BITS,
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        Runtime.getRuntime().availableProcessors(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  /** What to tell a user of a measured step; empty if it is fast enough. */
  Optional<String> warning(Roofline measured) {
    double share = measured.stepBandwidth() / measured.limitBandwidth();
    return share >= ENOUGH
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "a step reaches %.0f %% of the measured bandwidth; %.0f %% are usual. Likely: %s",
                100 * share,
                100 * ENOUGH,
                cause(measured)));
  }

  private String cause(Roofline measured) {
    if (bits == 0) {
      return vectorModule
          ? "kernels run scalar, because spam4j.vector.bits is 0"
          : "kernels run scalar; start Java with --add-modules=jdk.incubator.vector";
    }
    if (measured.weights() < IN_MEMORY) {
      return "%,d weights (%,d bytes) fit the cache, where arithmetic counts and not memory"
          .formatted(measured.weights(), measured.weights() * BYTES);
    }
    if (measured.threads() < processors) {
      return "%d of %d processors are used; see spam4j.threads"
          .formatted(measured.threads(), processors);
    }
    if (load > processors + 0.5) {
      return String.format(
          Locale.ROOT,
          "other programs want the processors: load=%.1f, processors=%d",
          load,
          processors);
    }
    if (bits < 256) {
      return "vectors have %d bits, too few for square roots and divisions at this speed"
          .formatted(bits);
    }
    return "memory of several NUMA nodes, or a processor whose clock is held down; see"
        + " docs/performance.md";
  }
}
