package io.spam4j.engine.internal.decide;

import io.spam4j.engine.Optimizer;

/** The names that state tensors of Adam's family have in files and in {@link Optimizer#state}. */
public final class StateNames {
  public static final String FIRST = "exp_avg";
  public static final String SECOND = "exp_avg_sq";
  public static final String LARGEST = "max_exp_avg_sq";
  public static final String MEAN = "gradient_mean";
  public static final String VARIANCE = "gradient_var";

  /** Means of squares of rows and columns. */
  public static final String ROWS = "exp_avg_sq_row";

  public static final String COLUMNS = "exp_avg_sq_col";

  /** The grids of 8-bit moments, one a block. */
  public static final String GRID = "exp_avg_grid";

  /** The scales of 8-bit moments in files that have no {@link #GRID}, one a block. */
  public static final String FIRST_SCALE = "exp_avg_scale";

  public static final String SECOND_SCALE = "exp_avg_sq_scale";

  /** The low halves of weights whose high halves are bfloat16. */
  public static final String LOW = "weight_low";

  private StateNames() {}
}
