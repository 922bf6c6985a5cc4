package io.spam4j.engine;

/** The names that state tensors of Adam's family have in files and in {@link Optimizer#state}. */
final class StateNames {
  static final String FIRST = "exp_avg";
  static final String SECOND = "exp_avg_sq";
  static final String LARGEST = "max_exp_avg_sq";
  static final String MEAN = "gradient_mean";
  static final String VARIANCE = "gradient_var";

  /** The scales of 8-bit moments, one a block. */
  static final String FIRST_SCALE = "exp_avg_scale";

  static final String SECOND_SCALE = "exp_avg_sq_scale";

  /** The low halves of weights whose high halves are bfloat16. */
  static final String LOW = "weight_low";

  private StateNames() {}
}
