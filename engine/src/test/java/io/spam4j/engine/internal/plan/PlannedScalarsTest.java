package io.spam4j.engine.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.spam4j.engine.ZeroCopies;
import io.spam4j.engine.checkpoint.Checkpoint;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.decision.Decision;
import io.spam4j.engine.decision.TensorStep;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.device.PlannedStep;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.MomentBuilder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a decision keeps of a tensor counts on a device from the commit of a step on: a step that is
 * discarded has not been.
 */
final class PlannedScalarsTest {
  private static final SequencedMap<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("a", new long[] {4});
    SHAPES.put("b", new long[] {7});
  }

  @TempDir private Path folder = Path.of("");

  /** Adam that counts how often it decided. */
  private static final class Counting extends MomentBuilder<Counting> {
    private Counting() {
      super("counting");
    }

    @Override
    protected Decision decision(int parameters) {
      return new Counts(new double[parameters]);
    }

    @Override
    protected Counting self() {
      return this;
    }
  }

  private static final class Counts implements Decision {
    private final double[] counts;

    Counts(double[] counts) {
      this.counts = counts;
    }

    @Override
    public void decide(UpdateCoefficients coefficients, TensorStep step) {
      counts[step.tensor()]++;
    }

    @Override
    public void addScalars(int tensor, Map<String, Double> scalars) {
      scalars.put("decided", counts[tensor]);
    }

    @Override
    public void restoreScalars(int tensor, Map<String, Double> scalars) {
      counts[tensor] = scalars.getOrDefault("decided", Double.NaN);
    }
  }

  private static StepPlanner planner() {
    return new Counting().planner(SHAPES, new ZeroCopies(SHAPES));
  }

  private static PlannedStep plan(StepPlanner planner, int... hasGradient) {
    BitSet gradients = new BitSet();
    for (int parameter : hasGradient) {
      gradients.set(parameter);
    }
    return planner.plan(gradients);
  }

  private static void assertDecided(StepPlanner planner, double ofA, double ofB) {
    assertThat(planner.scalars(0)).containsExactly(entry("decided", ofA));
    assertThat(planner.scalars(1)).containsExactly(entry("decided", ofB));
  }

  @Test
  void step_thatIsDiscarded_leavesWhatWasKept() {
    try (StepPlanner planner = planner()) {
      plan(planner, 0, 1).commit();
      assertDecided(planner, 1, 1);
      for (int again = 0; again < 3; again++) {
        plan(planner, 0).discard();
        assertDecided(planner, 1, 1);
      }
      plan(planner, 0).commit();
      assertDecided(planner, 2, 1);
    }
  }

  @Test
  void discard_afterACommit_takesNothingBack() {
    try (StepPlanner planner = planner()) {
      PlannedStep step = plan(planner, 1);
      step.commit();
      step.discard();
      assertDecided(planner, 0, 1);
    }
  }

  @Test
  void checkpoint_hasWhatWasCommitted_andBringsItBack() throws IOException {
    Path file = folder.resolve("saved");
    try (StepPlanner planner = planner();
        Arena arena = Arena.ofConfined()) {
      plan(planner, 0, 1).commit();
      plan(planner, 1).commit();
      plan(planner, 0, 1).discard();
      planner.save(file, SaveOptions.defaults());
      var saved = Checkpoint.open(file, arena).parameters();
      assertThat(saved).containsOnlyKeys("a", "b");
      saved.forEach(
          (name, parameter) ->
              assertThat(parameter.scalars())
                  .as(name)
                  .containsExactly(entry("decided", name.equals("a") ? 1.0 : 2.0)));
    }
    try (StepPlanner planner = planner()) {
      plan(planner, 0).commit();
      try (var restored = planner.load(file, LoadOptions.strict())) {
        assertDecided(planner, 1, 0); // nothing has changed yet
        restored.commit();
      }
      assertDecided(planner, 1, 2);
      plan(planner, 0, 1).commit();
      assertDecided(planner, 2, 3);
    }
  }
}
