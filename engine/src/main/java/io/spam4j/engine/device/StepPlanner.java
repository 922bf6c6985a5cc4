package io.spam4j.engine.device;

import io.spam4j.engine.StepReport;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.tensors.mask.IndexMask;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An optimizer without memory or arithmetic: what it decides, counts, draws, reports and saves.
 * Parameters are numbers here, in the order of {@link #names}. A planner is for one thread at a
 * time.
 */
public interface StepPlanner extends AutoCloseable {
  /** The name of the algorithm. */
  String optimizer();

  /** The names of the parameters. */
  List<String> names();

  /**
   * The names of a parameter's state tensors, such as {@code exp_avg}: first and second moment, and
   * perhaps the largest second moment, each of {@link #moments} elements.
   */
  List<String> state();

  /** Whether only some of a parameter's weights have moments. */
  boolean isSparse(int parameter);

  /** How many of a parameter's weights have moments. */
  long moments(int parameter);

  /** Which of a sparse parameter's weights have moments; empty if it waits for a gradient. */
  Optional<IndexMask> mask(int parameter);

  /** The transforms that a device decides, in order. */
  List<PlannedTransform> transforms();

  /** Whether gradients have to be measured. */
  boolean measures();

  /** Whether {@link #admits} has to be asked before each step. */
  boolean hasToAdmit();

  /** The steps done. */
  long stepCount();

  /**
   * The report of the latest step that listeners were told of, or are being told of: one object for
   * the life of the planner.
   */
  StepReport report();

  /**
   * Checks that no listener is being told of a step: until all have been, there is no other.
   *
   * @throws IllegalStateException if one is
   */
  void requireTold();

  /**
   * Whether a step with these gradients is to be done at all. If not, it is reported, and nothing
   * else is to happen.
   *
   * @param statistics as in {@link StepResults}
   * @throws io.spam4j.engine.NonFiniteGradientException if the policy says so
   * @throws IllegalStateException as {@link #requireTold}
   */
  boolean admits(BitSet hasGradient, MemorySegment statistics);

  /**
   * Decides the next step.
   *
   * @throws IllegalArgumentException if a schedule or a source of selections gives what is none
   * @throws io.spam4j.engine.NonFiniteGradientException if too many steps in a row, of those that
   *     were reported, met gradients that were not finite
   * @throws IllegalStateException as {@link #requireTold}
   */
  PlannedStep plan(BitSet hasGradient);

  /**
   * Reports a step that was committed; in the order of the steps. If a listener calls this, the
   * step is counted, and listeners are told of it when all were told of the one before.
   */
  StepReport report(StepFacts facts, StepResults results);

  /** Tells what of {@link DeviceTables#HISTORY_ROW} a transform keeps of a parameter now. */
  void setHistory(int transform, int parameter, double[] history);

  /** The history of a parameter, by its names in files; as {@link #setHistory} told. */
  Map<String, Double> scalars(int parameter);

  /**
   * Saves a checkpoint, as {@link io.spam4j.engine.Optimizer#save(Path, SaveOptions)}. All steps
   * must have been reported, and histories told.
   */
  void save(Path file, SaveOptions options) throws IOException;

  /**
   * Reads a checkpoint, as {@link io.spam4j.engine.Optimizer#load(Path, LoadOptions)}, without
   * changing anything yet.
   */
  RestoredState load(Path file, LoadOptions options) throws IOException;

  @Override
  void close();
}
