package io.spam4j.examples.llama;

import io.spam4j.javacpp.pytorch.TorchLibraries;
import io.spam4j.tensors.Philox;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A LLaMA on libtorch tensors that predicts the next byte: RMSNorm before each block, rotary
 * positions, causal attention, SwiGLU, no biases, and a head of its own.
 */
public final class Llama implements AutoCloseable {
  static {
    TorchLibraries.load();
  }

  /** The width of a head in all presets. */
  public static final int HEAD_WIDTH = 32;

  private static final int BYTES = 256;
  private static final double NORM_EPSILON = 1e-5;
  private static final double ROTARY_BASE = 10_000;
  private static final double WEIGHT_DEVIATION = 0.02;

  private final Config config;
  private final Map<String, Tensor> parameters;
  private final Tensor rotations;

  /**
   * The size of a model.
   *
   * @param hidden width of the residual stream
   * @param layers blocks of attention and SwiGLU
   * @param heads attention heads; {@code hidden / heads} is even
   * @param inner width inside SwiGLU
   */
  public record Config(String name, int hidden, int layers, int heads, int inner) {
    public static Config preset(String name) {
      return presets()
          .filter(config -> config.name.equals(name))
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "model must be one of %s: model=%s"
                          .formatted(
                              presets().map(Config::name).collect(Collectors.joining(", ")),
                              name)));
    }

    private static Stream<Config> presets() {
      return Stream.of(
          new Config("tiny", 96, 3, 3, 256),
          new Config("small", 192, 4, 6, 512),
          new Config("9m", 384, 5, 12, 1024));
    }

    /** The shape of each parameter, in order. */
    public Map<String, long[]> shapes() {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      shapes.put("embedding", new long[] {BYTES, hidden});
      for (int i = 0; i < layers; i++) {
        String layer = "layers." + i + ".";
        shapes.put(layer + "attention.norm", new long[] {hidden});
        shapes.put(layer + "attention.q", new long[] {hidden, hidden});
        shapes.put(layer + "attention.k", new long[] {hidden, hidden});
        shapes.put(layer + "attention.v", new long[] {hidden, hidden});
        shapes.put(layer + "attention.o", new long[] {hidden, hidden});
        shapes.put(layer + "mlp.norm", new long[] {hidden});
        shapes.put(layer + "mlp.gate", new long[] {inner, hidden});
        shapes.put(layer + "mlp.up", new long[] {inner, hidden});
        shapes.put(layer + "mlp.down", new long[] {hidden, inner});
      }
      shapes.put("norm", new long[] {hidden});
      shapes.put("head", new long[] {BYTES, hidden});
      return shapes;
    }

    /** The number of weights. */
    public long weights() {
      return shapes().values().stream().mapToLong(Config::product).sum();
    }

    private static long product(long[] shape) {
      long product = 1;
      for (long extent : shape) {
        product *= extent;
      }
      return product;
    }

    private int headWidth() {
      return hidden / heads;
    }
  }

  private Llama(Config config, int length, Map<String, Tensor> parameters) {
    this.config = config;
    this.parameters = parameters;
    rotations = rotations(length, config.headWidth());
  }

  /**
   * A model with random weights that depend on the seed alone.
   *
   * @param length the bytes of a sequence
   */
  public static Llama create(Config config, int length, long seed) {
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    // Blocks write into the residual stream twice a layer; this keeps its variance.
    double residual = 1 / Math.sqrt(2.0 * config.layers);
    try (var _ = new PointerScope()) {
      config
          .shapes()
          .forEach(
              (name, shape) -> {
                float[] values = new float[Math.toIntExact(Config.product(shape))];
                if (shape.length == 1) {
                  Arrays.fill(values, 1);
                } else {
                  boolean writes = name.endsWith("attention.o") || name.endsWith("mlp.down");
                  fill(values, WEIGHT_DEVIATION * (writes ? residual : 1), seed, name);
                }
                parameters.put(name, parameter(copy(values, shape)));
              });
    }
    return new Llama(config, length, parameters);
  }

  /** A model on the same weights, with gradients of its own. */
  Llama sharingWeights() {
    Map<String, Tensor> shared = new LinkedHashMap<>();
    try (var _ = new PointerScope()) {
      parameters.forEach((name, weights) -> shared.put(name, parameter(weights.detach())));
    }
    return new Llama(config, Math.toIntExact(rotations.size(0)), shared);
  }

  private static void fill(float[] values, double deviation, long seed, String name) {
    Philox random = Philox.stream(seed, "weights " + name, 0);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.gaussian(i));
    }
  }

  private static Tensor parameter(Tensor values) {
    Tensor parameter = new Tensor(values);
    parameter.set_requires_grad(true);
    return parameter.retainReference();
  }

  private static Tensor copy(float[] values, long... shape) {
    try (var pointer = new FloatPointer(values);
        Tensor view = torch.from_blob(pointer, shape)) {
      return view.clone();
    }
  }

  /** Rotation of each pair of channels at each position, as complex numbers. */
  private static Tensor rotations(int length, int headWidth) {
    int pairs = headWidth / 2;
    float[] values = new float[length * headWidth];
    for (int position = 0; position < length; position++) {
      for (int pair = 0; pair < pairs; pair++) {
        double angle = position * StrictMath.pow(ROTARY_BASE, -(double) pair / pairs);
        int at = 2 * (position * pairs + pair);
        values[at] = (float) StrictMath.cos(angle);
        values[at + 1] = (float) StrictMath.sin(angle);
      }
    }
    try (var _ = new PointerScope()) {
      return torch.view_as_complex(copy(values, length, 1, pairs, 2)).retainReference();
    }
  }

  /** The weights by name, in a fixed order. */
  Map<String, Tensor> parameters() {
    return parameters;
  }

  /** The mean cross-entropy in nats a byte. */
  Tensor loss(Batch batch) {
    Tensor targets = tokens(batch.targets(), batch.targets().length);
    return torch.cross_entropy_loss(logits(batch), targets);
  }

  /** A row of 256 scores for each input byte. */
  Tensor logits(Batch batch) {
    int sequences = batch.sequences();
    Tensor inputs = tokens(batch.inputs(), sequences, batch.length());
    Tensor x = torch.embedding(weights("embedding"), inputs);
    for (int i = 0; i < config.layers; i++) {
      x = layer(x, "layers." + i + ".", sequences);
    }
    return torch.linear(norm(x, "norm"), weights("head")).view(-1, BYTES);
  }

  private Tensor layer(Tensor x, String layer, int sequences) {
    Tensor a = norm(x, layer + "attention.norm");
    Tensor q = rotate(torch.linear(a, weights(layer + "attention.q")), sequences);
    Tensor k = rotate(torch.linear(a, weights(layer + "attention.k")), sequences);
    Tensor v = torch.linear(a, weights(layer + "attention.v"));
    Tensor mixed =
        torch
            .scaled_dot_product_attention(
                q.transpose(1, 2),
                k.transpose(1, 2),
                v.view(sequences, -1, config.heads, config.headWidth()).transpose(1, 2),
                new TensorOptional(),
                /* dropout_p= */ 0,
                /* is_causal= */ true,
                new DoubleOptional(),
                /* enable_gqa= */ false)
            .transpose(1, 2)
            .reshape(sequences, -1, config.hidden);
    Tensor y = x.add(torch.linear(mixed, weights(layer + "attention.o")));
    Tensor b = norm(y, layer + "mlp.norm");
    Tensor gate = torch.silu(torch.linear(b, weights(layer + "mlp.gate")));
    Tensor up = torch.linear(b, weights(layer + "mlp.up"));
    return y.add(torch.linear(gate.mul(up), weights(layer + "mlp.down")));
  }

  private Tensor norm(Tensor x, String name) {
    return torch.rms_norm(
        x,
        new long[] {config.hidden},
        new TensorOptional(weights(name)),
        new DoubleOptional(NORM_EPSILON));
  }

  /** Turns each pair of channels by its position; one complex product. */
  private Tensor rotate(Tensor x, int sequences) {
    int pairs = config.headWidth() / 2;
    Tensor turned =
        torch.view_as_complex(x.view(sequences, -1, config.heads, pairs, 2)).mul(rotations);
    return torch.view_as_real(turned).view(sequences, -1, config.heads, config.headWidth());
  }

  private static Tensor tokens(long[] values, long... shape) {
    var options = new TensorOptions(ScalarType.Long);
    return torch.from_blob(new LongPointer(values), shape, options).clone();
  }

  Tensor weights(String name) {
    Tensor weights = parameters.get(name);
    if (weights == null) {
      throw new IllegalStateException("model must have the parameter: name=" + name);
    }
    return weights;
  }

  /** Frees the weights, unless someone else holds on to them. */
  @Override
  public void close() {
    parameters.values().forEach(Tensor::close);
    rotations.close();
  }
}
