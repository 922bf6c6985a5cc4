package io.spam4j.examples.bench.arms;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.tensors.mask.IndexMask;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A step of an optimizer of this engine. */
final class EngineArm implements ArmRun {
  private final BenchMemory memory;
  private final Gradients gradients;
  private final Optimizer optimizer;
  private final ReferenceRule rule;

  /**
   * Allocates the optimizer's state.
   *
   * @param builder with the optimizer's own settings
   * @param rule what it must agree with
   */
  EngineArm(BenchMemory memory, OptimizerBuilder<?> builder, ReferenceRule rule) {
    this.memory = memory;
    this.rule = rule;
    gradients = memory.gradients();
    optimizer =
        builder
            .threads(memory.threads())
            .learningRate(ReferenceRule.LEARNING_RATE)
            .build(memory.parameters());
  }

  @Override
  public void step() {
    optimizer.step(gradients);
  }

  @Override
  public void check() {
    List<Agreement.Place> places = new ArrayList<>();
    for (Agreement.Place place : Agreement.ofDense(memory)) {
      Optional<IndexMask> mask = optimizer.mask(BenchMemory.name(place.tensor()));
      if (mask.isEmpty()) {
        places.add(place);
      } else if (place.at() == 0) {
        addSparse(places, place.tensor(), mask.get());
      }
    }
    Agreement.check("engine", memory, places, this::step, rule, Agreement.ENGINE);
  }

  /** Of the first and the last block of a selection the first weight, and one not selected. */
  private static void addSparse(List<Agreement.Place> places, int tensor, IndexMask mask) {
    long[] positions = new long[IndexMask.BLOCK];
    for (long block : new long[] {0, mask.blocks() - 1}) {
      int count = mask.decode(block, positions);
      places.add(new Agreement.Place(tensor, positions[0], true));
      for (int i = 1; i < count; i++) {
        if (positions[i] > positions[i - 1] + 1) {
          places.add(new Agreement.Place(tensor, positions[i] - 1, false));
          break;
        }
      }
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
