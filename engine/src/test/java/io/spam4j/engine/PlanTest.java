package io.spam4j.engine;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(Optimizer.class)
        .floors(
            """
            analysis -> engine, tensors

            engine   -> device, kernel, tensors, tensors.json, tensors.simd

            device   -> engine, tensors
            kernel   -> tensors, tensors.simd
            """)
        .except("arrow of the plan must fall: from=device, to=engine", "one hall so far")
        .except(
            "packages must not go round in a circle: packages=[device, engine]", "one hall so far")
        .except(
            "package must have at most 25 source files: package=engine, files=107",
            "one hall so far")
        .except(
            "package must have at most 25 source files: package=kernel, files=32",
            "one hall so far")
        .except(
            "public without use outside its package: member=kernel.Operands.of(MemorySegment, MemorySegment, MemorySegment, MemorySegment)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: member=kernel.WorkPlan.firstPiece(int)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: member=kernel.WorkPlan.tensor(int)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: member=kernel.WorkPlan.from(int)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: member=kernel.WorkPlan.to(int)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: member=kernel.WorkerPool.run(WorkerPool.Job, int)",
            "called before the kernels had rooms")
        .except(
            "public without use outside its package: type=kernel.WorkerPool.Job",
            "called before the kernels had rooms")
        .check();
  }
}
