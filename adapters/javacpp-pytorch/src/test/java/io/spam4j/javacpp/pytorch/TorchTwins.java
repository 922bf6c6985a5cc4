package io.spam4j.javacpp.pytorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bytedeco.pytorch.global.torch.ones;

import io.spam4j.javacpp.pytorch.PlainWeights.Storage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.InputArchive;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.OutputArchive;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A random model of libtorch and plain weights beside it; each call does the same to both. */
final class TorchTwins {
  private static final long[][] SHAPES = {{3}, {3}, {2, 2}, {2, 2}, {1}, {0, 4}};

  final Module module = new Module("model");
  final List<PlainWeights> plain = new ArrayList<>();

  private final Random random;
  private final StringBuilder log;
  private final String archive;
  private final List<Tensor> tensors = new ArrayList<>();

  // What the file holds.
  private @Nullable Map<PlainWeights, Storage> savedWeights;

  TorchTwins(Random random, StringBuilder log, Path folder) {
    this.random = random;
    this.log = log;
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

  void backward() {
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

  void freeze(int which) {
    PlainWeights weights = plain.get(which);
    weights.trains = !weights.trains;
    log.append(weights.trains ? " unfreeze(" : " freeze(").append(weights).append(')');
    tensors.get(which).set_requires_grad(weights.trains);
  }

  void setData(int which) {
    PlainWeights weights = plain.get(which);
    log.append(" set_data(").append(weights).append(')');
    float[] values = values(weights.elements());
    tensors.get(which).set_data(TorchTensors.floats(values, shape(which)));
    weights.storage = new Storage(doubles(values), /* isDouble= */ false);
  }

  void convert() {
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

  void tie(int which) {
    int other = random.nextInt(plain.size());
    if (Arrays.equals(shape(which), shape(other))) {
      log.append(" tie(").append(plain.get(which)).append(plain.get(other)).append(')');
      tensors.get(which).set_data(tensors.get(other).detach());
      plain.get(which).storage = plain.get(other).storage;
    }
  }

  void copyInto(int which) {
    PlainWeights weights = plain.get(which);
    log.append(" copy_(").append(weights).append(')');
    float[] values = values(weights.elements());
    try (var _ = new NoGradGuard()) {
      tensors.get(which).copy_(TorchTensors.floats(values, shape(which)));
    }
    System.arraycopy(doubles(values), 0, weights.storage.values, 0, values.length);
  }

  void replaceGradient(int which) {
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

  void drop(int which) {
    log.append(" drop(").append(plain.get(which)).append(')');
    tensors.get(which).mutable_grad().put(new Tensor());
    plain.get(which).drop();
  }

  void dropAll() {
    log.append(" zero_grad");
    module.zero_grad(/* set_to_none= */ true);
    plain.forEach(PlainWeights::drop);
  }

  void saveOrLoadModule() {
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
    Map<Storage, Storage> copied = new HashMap<>();
    Map<PlainWeights, Storage> result = new HashMap<>();
    storages.forEach(
        (weights, storage) ->
            result.put(weights, copied.computeIfAbsent(storage, s -> s.copy(storage.isDouble))));
    return result;
  }

  /** Float32 keeps 24 bits; some dozens of steps of 0.1 lose a few of them. */
  void compare() {
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
}
