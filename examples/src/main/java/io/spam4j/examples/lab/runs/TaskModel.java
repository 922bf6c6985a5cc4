package io.spam4j.examples.lab.runs;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import java.util.List;

/** A model in training; used by one thread at a time. */
public interface TaskModel extends AutoCloseable {
  /** What a model is judged on; neither is trained on, and they have nothing in common. */
  enum Part {
    /** Knobs are chosen by it. */
    TUNING,
    /** Verdicts are made from it. */
    TEST
  }

  /** The weights, in a fixed order; an optimizer changes them where they are. */
  List<Parameter> parameters();

  /** The gradients of the last {@link #backward}. */
  Gradients gradients();

  /**
   * Leaves the gradients of the mean loss of a step's batch.
   *
   * @param step counted from 0
   * @return the loss
   */
  double backward(int step);

  /** The mean loss over a part of the data, with the weights as they are. */
  double loss(Part part);

  @Override
  void close();
}
