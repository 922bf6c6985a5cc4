package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchMemory;

/** An arm that frees its memory when it is closed. */
final class OwnMemoryArm implements ArmRun {
  private final ArmRun arm;
  private final BenchMemory memory;

  private OwnMemoryArm(ArmRun arm, BenchMemory memory) {
    this.arm = arm;
    this.memory = memory;
  }

  static ArmRun open(Arm arm, BenchMemory memory) throws ArmUnavailableException {
    try {
      memory.allocateLimits(arm.traffic().read());
      return new OwnMemoryArm(arm.factory().open(memory), memory);
    } catch (ArmUnavailableException | RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  @Override
  public void step() {
    arm.step();
  }

  @Override
  public void check() {
    arm.check();
  }

  @Override
  public void close() {
    arm.close();
    memory.close();
  }
}
