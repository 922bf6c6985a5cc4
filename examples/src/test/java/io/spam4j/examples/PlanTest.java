package io.spam4j.examples;

import io.spam4j.examples.cli.Main;
import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the program has and which of them each may use, floor by floor. */
class PlanTest {
  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofProgram(Main.class)
        .floors(
            """
            cli        -> bench, formats, inspect, lab, memory, replay, report, simulate,
                          cuda, engine, engine.kernel, tensors.simd

            bench      -> memory, report, engine, engine.kernel, tensors, tensors.simd

            inspect    -> report, engine, tensors
            memory     -> formats, report, engine, tensors
            simulate   -> formats, report, engine, tensors

            report     -> lab

            lab        -> formats, javacpp.pytorch, engine, tensors

            formats    -> engine
            quickstart -> cuda, engine, tensors
            replay     -> engine, tensors
            """)
        .except(
            "package must have at most 25 source files: package=bench, files=31", "one hall so far")
        .check();
  }
}
