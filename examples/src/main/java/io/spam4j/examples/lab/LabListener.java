package io.spam4j.examples.lab;

public interface LabListener {
  void message(String line);

  void runStarted(String optimizer, boolean spiked, int run, int runs, int steps);

  void step(StepSample sample, long tokens);

  void runFinished(RunResult result);
}
