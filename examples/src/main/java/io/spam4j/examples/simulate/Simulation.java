package io.spam4j.examples.simulate;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.examples.simulate.SimulationResult.Outcome;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Figure 5 of SPAM (arXiv 2501.06842), middle and right: small random gradients with one spike, and
 * the moments that an optimizer makes of them. The optimizers are the engine's; a seed is a
 * coordinate, or a tensor of one weight where coordinates see each other. All contenders get the
 * same gradients, each also without the spike.
 */
final class Simulation implements AutoCloseable {
  static final int STEPS = 200;
  static final int SPIKE_STEP = 30;
  static final double SPIKE = 10;
  static final double BETA1 = 0.9;
  static final double BETA2 = 0.999;

  private static final long RANDOM_SEED = 1;

  private final SimulationSettings settings;
  private final Arena arena = Arena.ofShared();
  private final Tensor clean;
  private final Tensor spiked;

  private Simulation(SimulationSettings settings) {
    this.settings = settings;
    clean = Tensor.allocate(arena, DType.F32, settings.seeds());
    spiked = Tensor.allocate(arena, DType.F32, settings.seeds());
  }

  /** Runs contenders side by side. */
  static SimulationResult run(SimulationSettings settings, List<Contender> contenders) {
    try (var simulation = new Simulation(settings)) {
      return simulation.run(contenders);
    }
  }

  private SimulationResult run(List<Contender> contenders) {
    List<Lane> lanes = new ArrayList<>();
    try {
      for (Contender contender : contenders) {
        lanes.add(new Lane(contender));
      }
      for (int t = 1; t <= STEPS; t++) {
        draw(t);
        for (Lane lane : lanes) {
          lane.step();
        }
      }
      return new SimulationResult(settings, lanes.stream().map(lane -> lane.outcome).toList());
    } finally {
      lanes.forEach(Lane::close);
    }
  }

  /** Seed k's gradient at step t is element k of that step's stream. */
  private void draw(int t) {
    Philox random = Philox.stream(RANDOM_SEED, "figure 5", t);
    for (int seed = 0; seed < settings.seeds(); seed++) {
      double gradient = settings.distribution().draw(random, seed);
      clean.setFloat(seed, (float) gradient);
      spiked.setFloat(
          seed, (float) (t == SPIKE_STEP ? settings.mode().spiked(gradient) : gradient));
    }
  }

  @Override
  public void close() {
    arena.close();
  }

  /** A contender with the spike and without, and what is noted of both. */
  private final class Lane implements AutoCloseable {
    private final Outcome outcome;
    private final Run with;
    private final Run without;
    private final double[] difference = new double[settings.seeds()];

    Lane(Contender contender) {
      outcome = Outcome.empty(contender);
      with = new Run(contender, spiked);
      try {
        without = new Run(contender, clean);
      } catch (RuntimeException | Error e) {
        with.close();
        throw e;
      }
    }

    void step() {
      double[] before = with.second.clone();
      with.step();
      without.step();
      outcome.first().add(with.first);
      outcome.second().add(with.second);
      outcome.cleanFirst().add(without.first);
      outcome.cleanSecond().add(without.second);
      outcome.firstExcess().add(combined(with.first, 1, without.first));
      outcome.secondExcess().add(combined(with.second, 1, without.second));
      double[] taken = combined(with.second, BETA2, before);
      for (int i = 0; i < taken.length; i++) {
        taken[i] /= 1 - BETA2;
      }
      outcome.takenSquare().add(taken);
    }

    /** The same array at each call. */
    private double[] combined(double[] values, double factor, double[] subtracted) {
      for (int i = 0; i < difference.length; i++) {
        difference[i] = values[i] - factor * subtracted[i];
      }
      return difference;
    }

    @Override
    public void close() {
      with.close();
      without.close();
    }
  }

  /** One optimizer over all seeds, and its moments after the last step. */
  private final class Run implements AutoCloseable {
    final double[] first = new double[settings.seeds()];
    final double[] second = new double[settings.seeds()];

    private final Map<String, Tensor> gradients = new HashMap<>();
    private final Optimizer optimizer;

    Run(Contender contender, Tensor gradient) {
      Tensor weights = Tensor.allocate(arena, DType.F32, settings.seeds());
      int tensors = contender.elementwise() ? 1 : settings.seeds();
      List<Parameter> parameters = new ArrayList<>();
      for (int i = 0; i < tensors; i++) {
        String name = "seeds " + i;
        parameters.add(new Parameter(name, part(weights, i, tensors)));
        gradients.put(name, part(gradient, i, tensors));
      }
      optimizer = contender.build().apply(parameters);
    }

    /** One of equal parts. */
    private static Tensor part(Tensor whole, int index, int parts) {
      long bytes = whole.bytes() / parts;
      return Tensor.of(
          whole.memory().asSlice(index * bytes, bytes), DType.F32, whole.elements() / parts);
    }

    void step() {
      optimizer.step(gradients::get);
      read(optimizer::firstMoment, first);
      read(optimizer::secondMoment, second);
    }

    private void read(Function<String, Tensor> moment, double[] values) {
      int at = 0;
      for (Parameter parameter : optimizer.parameters()) {
        Tensor tensor = moment.apply(parameter.name());
        for (long i = 0; i < tensor.elements(); i++) {
          values[at++] = tensor.getFloat(i);
        }
      }
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
