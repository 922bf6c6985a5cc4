package io.spam4j.engine;

import io.spam4j.engine.kernel.Update;
import io.spam4j.engine.kernel.UpdateCoefficients;
import io.spam4j.engine.kernel.WorkPlan;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Every optimizer whose update is the fused kernel: decide, measure, apply. */
final class FusedOptimizer implements Optimizer {
  private final Recipe recipe;
  private final List<Parameter> parameters;
  private final List<Hyperparameters> hyperparameters;
  private final Map<String, Integer> indexes = new HashMap<>();
  private final MemoryCheck memoryCheck;
  private final Decision decision;
  private final @Nullable MeasurePass measure;
  private final ApplyPass apply;
  private final Tensor[] firstMoments;
  private final Tensor[] secondMoments;
  private final MemoryReport memory;
  private final Arena arena;

  // The state that a step advances, besides weights and moments.
  private long steps;
  private final long[] updates;
  private final long[] updatesSinceReset;

  // What one step works with, and its report; reused.
  private final @Nullable Tensor[] gradients;
  private final @Nullable MemorySegment[] gradientMemory;
  private final double[] learningRates;
  private final StepReport report;
  private boolean closed;

  /** Takes over the arena, unless it throws. */
  FusedOptimizer(
      Recipe recipe,
      List<Parameter> parameters,
      List<Hyperparameters> hyperparameters,
      Arena arena) {
    this.arena = arena;
    this.recipe = recipe;
    this.parameters = List.copyOf(parameters);
    this.hyperparameters = List.copyOf(hyperparameters);
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("an optimizer needs parameters: parameters=[]");
    }
    for (Parameter parameter : parameters) {
      if (indexes.put(parameter.name(), indexes.size()) != null) {
        throw new IllegalArgumentException(
            "parameter names must be unique: name=" + parameter.name());
      }
    }
    memoryCheck = new MemoryCheck(this.parameters, recipe.threads() > 1);
    int count = parameters.size();
    decision = new Decision(recipe);
    updates = new long[count];
    updatesSinceReset = new long[count];
    gradients = new Tensor[count];
    gradientMemory = new MemorySegment[count];
    learningRates = new double[count];
    report = new StepReport(this.parameters.stream().map(Parameter::name).toList());
    firstMoments = new Tensor[count];
    secondMoments = new Tensor[count];
    long[] elements = new long[count];
    long momentBytes = 0;
    for (int i = 0; i < count; i++) {
      Tensor weights = this.parameters.get(i).weights();
      firstMoments[i] = Tensor.allocate(arena, DType.F32, weights.shape());
      secondMoments[i] = Tensor.allocate(arena, DType.F32, weights.shape());
      elements[i] = weights.elements();
      momentBytes += weights.bytes();
    }
    WorkPlan plan = WorkPlan.of(elements);
    int threads = Math.min(recipe.threads(), plan.units());
    apply = new ApplyPass(plan, this.parameters, firstMoments, secondMoments, threads);
    for (int i = 0; i < count; i++) {
      decision.initialise(apply.coefficients(i), this.hyperparameters.get(i));
    }
    measure = recipe.measuresGradients() ? new MeasurePass(plan, elements, arena, threads) : null;
    memory = new MemoryReport(momentBytes, momentBytes, measure == null ? 0 : measure.bytes());
  }

  @Override
  public StepReport step(Gradients source) {
    requireOpen();
    long start = System.nanoTime();
    // Whatever can fail comes first; from decide on nothing does.
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = source.of(report.name(i));
    }
    memoryCheck.check(gradients);
    for (int i = 0; i < gradients.length; i++) {
      Tensor gradient = gradients[i];
      gradientMemory[i] = gradient == null ? null : gradient.memory();
    }
    long t = steps + 1;
    readLearningRates(t);
    double scale = measureGradients(t);

    report.step = t;
    report.momentumReset = recipe.timeline().resetsAt(t) && !report.skipped;
    report.warmupScale = recipe.timeline().warmupScale(t);
    report.learningRate = learningRates[0];
    report.gradientScale = scale;
    report.bytes = bytes();
    if (report.skipped) {
      apply.clearCounts();
    } else {
      decide(t, scale);
      apply.run(gradientMemory);
      steps = t;
    }
    apply.describe(report);
    report.nanos = System.nanoTime() - start;
    return report;
  }

  private void readLearningRates(long t) {
    for (int i = 0; i < learningRates.length; i++) {
      Schedule schedule = hyperparameters.get(i).learningRate();
      boolean known = i > 0 && schedule.equals(hyperparameters.get(i - 1).learningRate());
      learningRates[i] =
          known ? learningRates[i - 1] : Checks.notNegative("learningRate", schedule.at(t - 1));
    }
  }

  /** Decides whether the step is skipped, and returns the factor on all gradients. */
  private double measureGradients(long t) {
    report.skipped = false;
    report.gradientNorm = Double.NaN;
    if (measure == null) {
      return 1;
    }
    measure.run(gradientMemory);
    if (measure.nonFinite() > 0) {
      if (recipe.nonFinite() == NonFinitePolicy.THROW) {
        throw new NonFiniteGradientException(
            "gradients must be finite: step=%d, coordinates=%d, parameters=%s"
                .formatted(t, measure.nonFinite(), measure.nonFiniteTensors(parameters)));
      }
      report.skipped = recipe.nonFinite() == NonFinitePolicy.SKIP_STEP;
    }
    if (recipe.clipping() instanceof GradientClipping.GlobalNorm(double maxNorm)) {
      boolean poisoned = measure.nonFinite() > 0 && recipe.nonFinite() == NonFinitePolicy.PROPAGATE;
      report.gradientNorm = poisoned ? Double.NaN : Math.sqrt(measure.sumOfSquares());
      return Math.min(1, maxNorm / (report.gradientNorm + 1e-6));
    }
    return 1;
  }

  private void decide(long t, double scale) {
    boolean resets = recipe.timeline().resetsAt(t);
    for (int i = 0; i < gradients.length; i++) {
      UpdateCoefficients c = apply.coefficients(i);
      if (gradients[i] != null) {
        updates[i]++;
        updatesSinceReset[i] = resets ? 1 : updatesSinceReset[i] + 1;
        decision.decide(
            c, hyperparameters.get(i), t, learningRates[i], updates[i], updatesSinceReset[i]);
        c.gradientScale = (float) scale;
      } else if (resets && recipe.resetsMissingGradients()) {
        c.resetsMoments = true;
        updatesSinceReset[i] = 0;
      } else {
        c.resetsMoments = false;
      }
    }
  }

  private long bytes() {
    long streams = (measure == null ? 0L : 1L) + (report.skipped ? 0L : Update.STREAMS);
    long bytes = 0;
    for (MemorySegment gradient : gradientMemory) {
      bytes += gradient == null ? 0 : streams * gradient.byteSize();
    }
    return bytes;
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public long stepCount() {
    return steps;
  }

  /** All that a step depends on besides weights, moments and configuration. */
  long[] counters() {
    long[] counters = Arrays.copyOf(updates, 2 * updates.length + 1);
    System.arraycopy(updatesSinceReset, 0, counters, updates.length, updates.length);
    counters[2 * updates.length] = steps;
    return counters;
  }

  /** Continues from the counters of another optimizer with the same parameters. */
  void restoreCounters(long[] counters) {
    System.arraycopy(counters, 0, updates, 0, updates.length);
    System.arraycopy(counters, updates.length, updatesSinceReset, 0, updates.length);
    steps = counters[2 * updates.length];
  }

  @Override
  public Tensor firstMoment(String parameter) {
    return firstMoments[index(parameter)];
  }

  @Override
  public Tensor secondMoment(String parameter) {
    return secondMoments[index(parameter)];
  }

  private int index(String parameter) {
    Integer index = indexes.get(parameter);
    if (index == null) {
      throw new IllegalArgumentException(
          "no such parameter: name=" + parameter + ", names=" + indexes.keySet());
    }
    return index;
  }

  @Override
  public MemoryReport memory() {
    return memory;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the optimizer must be open: it was closed");
    }
  }

  /** The name of the algorithm and its size. */
  @Override
  public String toString() {
    return recipe.name() + "[" + parameters.size() + " parameters, step " + steps + "]";
  }
}
