package io.spam4j.javacpp.pytorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.javacpp.pytorch.PlainWeights.Algorithm;
import io.spam4j.javacpp.pytorch.PlainWeights.State;
import io.spam4j.javacpp.pytorch.PlainWeights.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * One random sequence of calls on a model and the optimizer that trains it, beside plain weights:
 * each call does to both the same, or throws and names a parameter.
 */
final class TorchSequence implements AutoCloseable {
  private final Random random;
  private final Algorithm algorithm;
  private final Path state;
  private final PointerScope scope = new PointerScope();
  private final StringBuilder log = new StringBuilder();
  private final TorchTwins twins;
  private final List<PlainWeights> plain;

  private @Nullable TorchParameters torch;
  private @Nullable Optimizer optimizer;

  // What the file holds.
  private @Nullable Map<String, State> savedState;
  private @Nullable Map<String, double[]> savedValues;

  /** Steps that were done, and exceptions that were right. */
  int steps;

  int refusals;

  TorchSequence(long seed, Path folder) {
    random = new Random(seed);
    algorithm = random.nextBoolean() ? Algorithm.ADAMW : Algorithm.SGD;
    state = folder.resolve("state.safetensors");
    twins = new TorchTwins(random, log, folder);
    plain = twins.plain;
  }

  /** Does so many calls, and compares everything after each. */
  void run(int calls) throws IOException {
    try {
      take();
      for (int call = 0; call < calls; call++) {
        try (var _ = new PointerScope()) {
          call(random.nextInt(100));
          twins.compare();
        }
      }
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("calls:" + log, e);
    }
  }

  private void call(int draw) throws IOException {
    int which = random.nextInt(plain.size());
    if (draw < 28) {
      twins.backward();
    } else if (draw < 56) {
      step();
    } else if (draw < 60) {
      twins.freeze(which);
    } else if (draw < 64) {
      twins.setData(which);
    } else if (draw < 67) {
      twins.convert();
    } else if (draw < 71) {
      twins.tie(which);
    } else if (draw < 74) {
      twins.copyInto(which);
    } else if (draw < 78) {
      twins.replaceGradient(which);
    } else if (draw < 84) {
      dropOrZero(which);
    } else if (draw < 88) {
      saveOrLoadState();
    } else if (draw < 92) {
      twins.saveOrLoadModule();
    } else {
      take();
    }
  }

  private void step() {
    log.append(" step");
    if (torch == null || optimizer == null) {
      return;
    }
    Optional<String> refused = refusal();
    var gradients = torch.gradients();
    var stepping = optimizer;
    Throwable thrown = catchThrowable(() -> stepping.step(gradients));
    if (refused.isPresent()) {
      log.append("-refused(").append(refused.get()).append(')');
      assertThat(thrown).isNotNull().hasMessageContaining("parameter=" + refused.get());
      refusals++;
      return;
    }
    assertThat(thrown).isNull();
    steps++;
    for (PlainWeights weights : plain) {
      if (weights.home != null && weights.isToStep()) {
        weights.step(algorithm);
      }
    }
  }

  /** The parameter that a step must name: what was left out, then gradients, then where it is. */
  private Optional<String> refusal() {
    return firstToStep(weights -> weights.home == null && weights.elements() > 0)
        .or(() -> firstToStep(weights -> weights.home != null && !weights.gradientFits))
        .or(() -> firstToStep(weights -> weights.home != null && weights.hasMoved()));
  }

  private Optional<String> firstToStep(Predicate<PlainWeights> those) {
    return plain.stream()
        .filter(PlainWeights::isToStep)
        .filter(those)
        .map(weights -> weights.name)
        .findFirst();
  }

  private void dropOrZero(int which) {
    switch (random.nextInt(4)) {
      case 0 -> twins.drop(which);
      case 1 -> twins.dropAll();
      default -> {
        log.append(" zeroGradients");
        if (torch != null) {
          torch.zeroGradients();
          plain.forEach(TorchSequence::zero);
        }
      }
    }
  }

  private static void zero(PlainWeights weights) {
    if (!weights.trains) {
      weights.drop();
    } else if (weights.gradient != null) {
      weights.gradient = new double[weights.elements()];
    }
  }

  private void saveOrLoadState() throws IOException {
    if (optimizer == null) {
      return;
    }
    boolean withWeights = random.nextBoolean();
    if (random.nextBoolean()) {
      log.append(withWeights ? " save(weights)" : " save");
      var saving = optimizer;
      var options = SaveOptions.defaults();
      Throwable thrown =
          catchThrowable(() -> saving.save(state, withWeights ? options.withWeights() : options));
      if (withWeights && hasRefusedMoved(thrown)) {
        return;
      }
      assertThat(thrown).isNull();
      savedValues = withWeights ? weightValues() : null;
      Map<String, State> saved = new HashMap<>();
      plain.stream().filter(w -> w.home != null).forEach(w -> saved.put(w.name, w.state.copy()));
      savedState = saved;
    } else if (savedState != null) {
      boolean loadsWeights = withWeights && savedValues != null;
      log.append(loadsWeights ? " load(weights)" : " load");
      load(optimizer, savedState, loadsWeights);
    }
  }

  private Map<String, double[]> weightValues() {
    Map<String, double[]> values = new HashMap<>();
    plain.stream()
        .filter(weights -> weights.home != null)
        .forEach(weights -> values.put(weights.name, weights.storage.values.clone()));
    return values;
  }

  /** Whether some parameter has moved, and then that one was named. */
  private boolean hasRefusedMoved(@Nullable Throwable thrown) {
    Optional<PlainWeights> moved =
        plain.stream().filter(w -> w.home != null && w.hasMoved()).findFirst();
    if (moved.isPresent()) {
      assertThat(thrown).isInstanceOf(IllegalStateException.class);
      assertThat(thrown).hasMessageContaining("parameter=" + moved.get());
      refusals++;
    }
    return moved.isPresent();
  }

  private void load(Optimizer loading, Map<String, State> saved, boolean loadsWeights) {
    LoadOptions some = LoadOptions.strict().allowMissingParameters().allowExtraParameters();
    Throwable thrown =
        catchThrowable(() -> loading.load(state, loadsWeights ? some.withWeights() : some));
    if (loadsWeights && hasRefusedMoved(thrown)) {
      return;
    }
    assertThat(thrown).isNull();
    for (PlainWeights weights : plain) {
      State found = saved.get(weights.name);
      weights.state = found == null ? new State(weights.elements()) : found.copy();
      if (loadsWeights && savedValues != null && weights.home != null && found != null) {
        double[] values = savedValues.getOrDefault(weights.name, weights.storage.values);
        System.arraycopy(values, 0, weights.storage.values, 0, values.length);
      }
    }
  }

  /** Takes the parameters again and builds an optimizer, sometimes with the state of the last. */
  private void take() throws IOException {
    log.append(" of");
    letGo();
    Throwable thrown = catchThrowable(() -> torch = TorchParameters.of(twins.module));
    List<PlainWeights> taken =
        plain.stream().filter(weights -> weights.trains && weights.elements() > 0).toList();
    Optional<PlainWeights> unreadable =
        taken.stream().filter(weights -> weights.storage.isDouble).findFirst();
    if (taken.isEmpty() || unreadable.isPresent()) {
      String named =
          unreadable.map(weights -> "parameter=" + weights).orElse("one parameter or more");
      assertThat(thrown).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(named);
      refusals++;
      return;
    }
    assertThat(thrown).isNull();
    build(taken);
    if (optimizer != null && savedState != null && random.nextBoolean()) {
      load(optimizer, savedState, /* loadsWeights= */ false);
    }
  }

  private void build(List<PlainWeights> taken) {
    if (torch == null) {
      return;
    }
    List<Parameter> parameters = torch.parameters();
    assertThat(parameters).extracting(Parameter::name).hasToString(taken.toString());
    Throwable thrown = catchThrowable(() -> optimizer = algorithm.build(parameters));
    Map<Storage, PlainWeights> owners = new HashMap<>();
    for (PlainWeights weights : taken) {
      PlainWeights other = owners.put(weights.storage, weights);
      if (other != null) {
        assertThat(thrown).isInstanceOf(IllegalArgumentException.class);
        assertThat(thrown).hasMessageContaining("weights of two parameters must not overlap");
        refusals++;
        letGo();
        return;
      }
    }
    assertThat(thrown).isNull();
    for (PlainWeights weights : taken) {
      weights.home = weights.storage;
      weights.state = new State(weights.elements());
    }
  }

  private void letGo() {
    if (optimizer != null) {
      optimizer.close();
      optimizer = null;
    }
    if (torch != null) {
      torch.close();
      torch = null;
    }
    plain.forEach(weights -> weights.home = null);
  }

  @Override
  public void close() {
    letGo();
    scope.close();
  }
}
