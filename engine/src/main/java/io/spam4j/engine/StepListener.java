package io.spam4j.engine;

/**
 * Is told of every step of an optimizer; see {@link
 * io.spam4j.engine.optimizers.OptimizerBuilder#listener}.
 */
@FunctionalInterface
public interface StepListener {
  /**
   * Called after each step, skipped ones included, on the thread that made it; not after a step
   * that threw. The step is complete: nothing done here can undo part of it, and the optimizer may
   * be read, saved, loaded and closed here, by any thread; only another step has to wait until all
   * listeners were told.
   *
   * <p>Whatever is thrown here, checked or not, keeps no other listener from being told, and then
   * goes to the caller of the step: an Error as it is, all else as the cause of a {@link
   * StepListenerException}. So a listener that cannot save or write says so by throwing. It will be
   * told of the next step again.
   *
   * @param report of this step: the object that the step returns, overwritten by the next one
   */
  void stepped(StepReport report);
}
