package io.spam4j.engine;

/**
 * Is told of every step of an optimizer; see {@link
 * io.spam4j.engine.optimizers.OptimizerBuilder#listener}.
 */
@FunctionalInterface
public interface StepListener {
  /**
   * Called after each step, skipped ones included, on the thread that made it; not after a step
   * that threw. The step is complete: nothing done here can undo part of it. A RuntimeException is
   * logged (to the {@link System.Logger} {@code io.spam4j.engine}, as an error) and the listener is
   * not called again; an Error goes to the caller of the step.
   *
   * @param report of this step: the object that the step returns, overwritten by the next one
   */
  void stepped(StepReport report);
}
