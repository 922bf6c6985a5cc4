package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;
import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.bench.values.Traffic;
import java.util.Set;

/**
 * Something that is timed.
 *
 * @param name without the suffix of a size
 * @param sizes what it is timed on
 * @param traffic what its limit moves
 * @param factory makes it
 */
public record Arm(String name, Set<BenchSize> sizes, Traffic traffic, Factory factory) {
  /** Allocates an arm's state. */
  @FunctionalInterface
  public interface Factory {
    /**
     * Prepares an arm.
     *
     * @throws ArmUnavailableException if this machine cannot run it
     */
    ArmRun open(BenchMemory memory) throws ArmUnavailableException;
  }

  /** Copies the sizes. */
  public Arm {
    sizes = Set.copyOf(sizes);
  }

  /** Whether libtorch does the work, or it is to be compared with what does. */
  public boolean isBesideLibtorch() {
    return name.startsWith("torch-") || name.endsWith("-beside-torch");
  }

  /** The name with the suffix of a size. */
  public String name(BenchSize size) {
    return name + size.suffix();
  }
}
