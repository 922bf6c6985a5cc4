package io.spam4j.examples.bench.arms;

/** An arm with its state in memory, ready to be timed. */
public interface ArmRun extends AutoCloseable {
  /** Does what is timed, once. */
  void step();

  /**
   * Does the first steps and compares what they do to the weights with a plain calculation; to be
   * called before any other step.
   *
   * @throws IllegalStateException if they did something else
   */
  void check();

  @Override
  void close();
}
