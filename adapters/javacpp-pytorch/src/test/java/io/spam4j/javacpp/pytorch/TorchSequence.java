package io.spam4j.javacpp.pytorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.bytedeco.pytorch.global.torch.ones;

import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.javacpp.pytorch.PlainWeights.Algorithm;
import io.spam4j.javacpp.pytorch.PlainWeights.State;
import io.spam4j.javacpp.pytorch.PlainWeights.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One random sequence of calls on a model and the optimizer that trains it, beside plain weights:
 * each call does to both the same, or throws and names a parameter.
 */
final class TorchSequence implements AutoCloseable {
  private static final long[][] SHAPES = {{3}, {3}, {2, 2}, {2, 2}, {1}, {0, 4}};

  private final Random random;
  private final Algorithm algorithm;
  private final Path state;
  private final String archive;
  private final PointerScope scope = new PointerScope();
  private final Module module = new Module("model");
  private final List<Tensor> tensors = new ArrayList<>();
  private final List<PlainWeights> plain = new ArrayList<>();
  private final StringBuilder log = new StringBuilder();

  private @Nullable TorchParameters torch;
  private @Nullable Optimizer optimizer;

  // What the files hold.
  private @Nullable Map<String, State> savedState;
  private @Nullable Map<PlainWeights, Storage> savedWeights;

  /** Steps that were done, and exceptions that were right. */
  int steps;

  int refusals;

  TorchSequence(long seed, Path folder) {
    random = new Random(seed);
    algorithm = Algorithm.values()[random.nextInt(2)];
    state = folder.resolve("state.safetensors");
    archive = folder.resolve("model.pt").toString();
    int count = 2 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      long[] shape = SHAPES[random.nextInt(SHAPES.length)];
      float[] values = values((int) ones(shape).numel());
      PlainWeights weights = new PlainWeights("p" + i, doubles(values));
      Tensor tensor = TorchTensors.floats(values, shape);
      weights.trains = random.nextInt(4) > 0;
      module.register_parameter(weights.name, tensor, weights.trains);
      tensors.add(tensor);
      plain.add(weights);
    }
    if (random.nextInt(4) == 0) {
      Module inner = new Module("inner");
      inner.register_parameter("tied", tensors.getFirst(), plain.getFirst().trains);
      module.register_module("inner", inner);
    }
  }

  /** Does so many calls, and compares everything after each. */
  void run(int calls) throws IOException {
    try {
      take();
      for (int call = 0; call < calls; call++) {
        try (var _ = new PointerScope()) {
          call(random.nextInt(100));
          compare();
        }
      }
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("calls:" + log, e);
    }
  }

  private void call(int draw) throws IOException {
    int which = random.nextInt(plain.size());
    if (draw < 28) {
      backward();
    } else if (draw < 56) {
      step();
    } else if (draw < 60) {
      freeze(which);
    } else if (draw < 64) {
      setData(which);
    } else if (draw < 67) {
      convert();
    } else if (draw < 71) {
      tie(which);
    } else if (draw < 74) {
      copyInto(which);
    } else if (draw < 78) {
      replaceGradient(which);
    } else if (draw < 84) {
      dropOrZero(which);
    } else if (draw < 88) {
      saveOrLoadState();
    } else if (draw < 92) {
      saveOrLoadModule();
    } else {
      take();
    }
  }

  private void backward() {
    log.append(" backward(");
    Tensor loss = ones(1);
    for (int i = 0; i < plain.size(); i++) {
      PlainWeights weights = plain.get(i);
      if (!weights.gradientFits) {
        tensors.get(i).mutable_grad().put(new Tensor());
        weights.drop();
      }
      if (weights.trains && random.nextInt(4) > 0) {
        log.append(weights);
        float[] factors = values(weights.elements());
        Tensor c = TorchTensors.floats(factors, shape(i));
        loss = loss.add(tensors.get(i).mul(c).sum());
        weights.accumulate(doubles(factors));
      }
    }
    log.append(')');
    if (loss.requires_grad()) {
      loss.backward();
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

  /** The parameter that a step must name. */
  private Optional<String> refusal() {
    for (PlainWeights weights : plain) {
      if (weights.home == null && weights.isToStep() && weights.elements() > 0) {
        return Optional.of(weights.name);
      }
    }
    for (PlainWeights weights : plain) {
      boolean fits = !weights.hasMoved() && weights.gradientFits;
      if (weights.home != null && weights.isToStep() && !fits) {
        return Optional.of(weights.name);
      }
    }
    return Optional.empty();
  }

  private void freeze(int which) {
    PlainWeights weights = plain.get(which);
    weights.trains = !weights.trains;
    log.append(weights.trains ? " unfreeze(" : " freeze(").append(weights).append(')');
    tensors.get(which).set_requires_grad(weights.trains);
  }

  private void setData(int which) {
    PlainWeights weights = plain.get(which);
    log.append(" set_data(").append(weights).append(')');
    float[] values = values(weights.elements());
    tensors.get(which).set_data(TorchTensors.floats(values, shape(which)));
    weights.storage = new Storage(doubles(values), /* isDouble= */ false);
  }

  private void convert() {
    boolean toDouble = random.nextBoolean();
    log.append(toDouble ? " to(Double)" : " to(Float)");
    module.to(toDouble ? ScalarType.Double : ScalarType.Float, /* non_blocking= */ false);
    for (PlainWeights weights : plain) {
      if (weights.storage.isDouble != toDouble) {
        weights.storage = weights.storage.copy(toDouble);
        round(weights.storage);
      }
    }
  }

  private void tie(int which) {
    int other = random.nextInt(plain.size());
    if (java.util.Arrays.equals(shape(which), shape(other))) {
      log.append(" tie(").append(plain.get(which)).append(plain.get(other)).append(')');
      tensors.get(which).set_data(tensors.get(other).detach());
      plain.get(which).storage = plain.get(other).storage;
    }
  }

  private void copyInto(int which) {
    PlainWeights weights = plain.get(which);
    log.append(" copy_(").append(weights).append(')');
    float[] values = values(weights.elements());
    try (var _ = new NoGradGuard()) {
      tensors.get(which).copy_(TorchTensors.floats(values, shape(which)));
    }
    System.arraycopy(doubles(values), 0, weights.storage.values, 0, values.length);
  }

  private void replaceGradient(int which) {
    PlainWeights weights = plain.get(which);
    int kind = random.nextInt(4);
    if (weights.elements() < 2 || weights.storage.isDouble) {
      return;
    }
    log.append(" gradient(").append(weights).append(kind).append(')');
    float[] values = values(weights.elements());
    Tensor gradient = TorchTensors.floats(values, shape(which));
    Tensor put =
        switch (kind) {
          case 0 -> gradient.to(ScalarType.Double);
          case 1 -> gradient.to_sparse();
          case 2 -> ones(2L * values.length).as_strided(shape(which), strides(which));
          default -> gradient;
        };
    weights.drop();
    weights.accumulate(doubles(values));
    weights.gradientFits = kind == 3;
    tensors.get(which).mutable_grad().put(put);
  }

  private void dropOrZero(int which) {
    PlainWeights dropped = plain.get(which);
    switch (random.nextInt(4)) {
      case 0 -> {
        log.append(" drop(").append(dropped).append(')');
        tensors.get(which).mutable_grad().put(new Tensor());
        dropped.drop();
      }
      case 1 -> {
        log.append(" zero_grad");
        module.zero_grad(/* set_to_none= */ true);
        plain.forEach(PlainWeights::drop);
      }
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
    if (random.nextBoolean()) {
      log.append(" save");
      optimizer.save(state);
      Map<String, State> saved = new HashMap<>();
      plain.stream().filter(w -> w.home != null).forEach(w -> saved.put(w.name, w.state.copy()));
      savedState = saved;
    } else if (savedState != null) {
      log.append(" load");
      load(optimizer, savedState);
    }
  }

  private void load(Optimizer loading, Map<String, State> saved) throws IOException {
    loading.load(state, LoadOptions.strict().allowMissingParameters().allowExtraParameters());
    for (PlainWeights weights : plain) {
      State found = saved.get(weights.name);
      weights.state = found == null ? new State(weights.elements()) : found.copy();
    }
  }

  private void saveOrLoadModule() {
    if (random.nextBoolean()) {
      log.append(" module.save");
      var written = new OutputArchive();
      module.save(written);
      written.save_to(archive);
      savedWeights = copies(storages());
    } else if (savedWeights != null && hasTypesOf(savedWeights)) {
      log.append(" module.load");
      var read = new InputArchive();
      read.load_from(archive);
      module.load(read);
      copies(savedWeights).forEach((weights, storage) -> weights.storage = storage);
    }
  }

  /** libtorch itself cannot read weights into those of another type. */
  private boolean hasTypesOf(Map<PlainWeights, Storage> saved) {
    return saved.entrySet().stream()
        .allMatch(entry -> entry.getKey().storage.isDouble == entry.getValue().isDouble);
  }

  private Map<PlainWeights, Storage> storages() {
    Map<PlainWeights, Storage> storages = new HashMap<>();
    plain.forEach(weights -> storages.put(weights, weights.storage));
    return storages;
  }

  /** Copies; what is one memory stays one. */
  private static Map<PlainWeights, Storage> copies(Map<PlainWeights, Storage> storages) {
    Map<Storage, Storage> copied = new IdentityHashMap<>();
    Map<PlainWeights, Storage> result = new HashMap<>();
    storages.forEach(
        (weights, storage) ->
            result.put(weights, copied.computeIfAbsent(storage, s -> s.copy(storage.isDouble))));
    return result;
  }

  /** Takes the parameters again and builds an optimizer, sometimes with the state of the last. */
  private void take() throws IOException {
    log.append(" of");
    letGo();
    Throwable thrown = catchThrowable(() -> torch = TorchParameters.of(module));
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
      load(optimizer, savedState);
    }
  }

  private void build(List<PlainWeights> taken) {
    if (torch == null) {
      return;
    }
    List<Parameter> parameters = torch.parameters();
    assertThat(parameters).extracting(Parameter::name).hasToString(taken.toString());
    Throwable thrown = catchThrowable(() -> optimizer = algorithm.build(parameters));
    Map<Storage, PlainWeights> owners = new IdentityHashMap<>();
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

  /** Float32 keeps 24 bits; some dozens of steps of 0.1 lose a few of them. */
  private void compare() {
    for (int i = 0; i < plain.size(); i++) {
      double[] expected = plain.get(i).storage.values;
      Tensor actual = tensors.get(i).detach().to(ScalarType.Double);
      for (int j = 0; j < expected.length; j++) {
        double difference = actual.data_ptr_double().get(j) - expected[j];
        assertThat(Math.abs(difference))
            .as("%s[%d] must be %s", plain.get(i), j, expected[j])
            .isLessThan(2e-5 * (1 + Math.abs(expected[j])));
      }
    }
  }

  private static void round(Storage storage) {
    for (int i = 0; i < storage.values.length && !storage.isDouble; i++) {
      storage.values[i] = (float) storage.values[i];
    }
  }

  private long[] shape(int which) {
    try (var sizes = tensors.get(which).sizes();
        var copy = sizes.vec()) {
      return copy.get();
    }
  }

  /** Of a tensor whose elements lie two apart. */
  private long[] strides(int which) {
    long[] strides = shape(which);
    long stride = 2;
    for (int i = strides.length - 1; i >= 0; i--) {
      long extent = strides[i];
      strides[i] = stride;
      stride *= extent;
    }
    return strides;
  }

  /** Multiples of 1/8 that are not 0, whose sums float32 has exactly. */
  private float[] values(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      int eighths = 1 + random.nextInt(16);
      values[i] = (random.nextBoolean() ? eighths : -eighths) / 8f;
    }
    return values;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  @Override
  public void close() {
    letGo();
    scope.close();
  }
}
