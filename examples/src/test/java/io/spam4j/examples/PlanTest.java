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
            cli        -> bench, demo, doctor, inspect, lab, memory, replay, simulate, shell

            bench      -> bench.arms, bench.values, output, shell, engine.roofline, tensors.internal.files
            demo       -> output, shell, training
            doctor     -> output, shell, cuda, cuda.selftest, engine.optimizers, engine.roofline,
                          javacpp.pytorch, tensors.internal.simd
            inspect    -> output, shell, engine.checkpoint, tensors, tensors.safetensors
            lab        -> lab.protocol, lab.runs, lab.tasks, lab.text, llama, output, shell,
                          tensors.internal.files
            memory     -> formats, models, output, engine, engine.optimizers, engine.options, tensors
            simulate   -> formats, output, shell, engine, engine.optimizers, tensors,
                          tensors.internal.files

            bench.arms -> bench.values, engine, engine.decision, engine.optimizers, engine.options,
                          engine.roofline, engine.internal.work, javacpp.pytorch, tensors,
                          tensors.mask
            lab.tasks  -> lab.protocol, lab.runs, llama, engine

            bench.values -> models, engine, engine.optimizers, engine.options, engine.roofline,
                            tensors
            lab.runs   -> lab.arms, lab.protocol, training, engine, tensors.internal.files

            lab.arms   -> lab.protocol, engine, engine.optimizers, engine.options
            replay     -> shell, engine, engine.optimizers, engine.options, tensors, tensors.safetensors
            quickstart -> cuda, cuda.optimizer, engine, engine.decision, engine.optimizers, tensors
            training   -> shell, formats, llama, engine, engine.checkpoint, engine.optimizers,
                          engine.options, tensors, tensors.internal.files

            formats    -> engine.optimizers, engine.options
            lab.protocol
            llama      -> javacpp.pytorch, engine, tensors
            shell      -> engine.optimizers, tensors.internal.simd
            lab.text
            models
            output     -> tensors.internal.files
            """)
        .check();
  }
}
