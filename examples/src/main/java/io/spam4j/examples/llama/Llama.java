package io.spam4j.examples.llama;

import io.spam4j.examples.llama.LlamaVariant.Mitigation;
import io.spam4j.examples.llama.LlamaVariant.Quantisation;
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
import org.bytedeco.pytorch.Scalar;
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

  /** What is left of the embedding's gradient where it is detached; the paper's g. */
  private static final double EMBEDDING_GRADIENT = 0.1;

  private final Config config;
  private final LlamaVariant variant;
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

    /** The shape of each parameter of the plain model, in order. */
    public Map<String, long[]> shapes() {
      return shapes(LlamaVariant.PLAIN);
    }

    /** The shape of each parameter of a variant, in order: some have more than the plain one. */
    public Map<String, long[]> shapes(LlamaVariant variant) {
      Map<String, long[]> shapes = new LinkedHashMap<>();
      shapes.put("embedding", new long[] {BYTES, hidden});
      if (variant.mitigation() == Mitigation.EMBED_NORM) {
        shapes.put("embedding.norm", new long[] {hidden});
      }
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

    /** The number of weights of the plain model. */
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

  private Llama(Config config, int length, LlamaVariant variant, Map<String, Tensor> parameters) {
    this.config = config;
    this.variant = variant;
    this.parameters = parameters;
    rotations = rotations(length, config.headWidth());
  }

  /**
   * A plain model with random weights that depend on the seed alone.
   *
   * @param length the bytes of a sequence
   */
  public static Llama create(Config config, int length, long seed) {
    return create(config, length, seed, LlamaVariant.PLAIN);
  }

  /**
   * A model of a variant, with random weights that depend on the seed alone but for their scale,
   * which {@link Mitigation#SCALED_INIT} changes.
   *
   * @param length the bytes of a sequence; if quantised, {@code length * hidden} and {@code length
   *     * inner} are multiples of 256, as they are at 128 bytes in all presets
   * @throws IllegalArgumentException if the variant is quantised and a matrix of attention or mlp,
   *     or its inputs for one sequence, cannot be cut into groups of 256
   */
  public static Llama create(Config config, int length, long seed, LlamaVariant variant) {
    if (variant.quantisation() != Quantisation.NONE) {
      requireGroups(config, length);
    }
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    double deviation =
        variant.mitigation() == Mitigation.SCALED_INIT
            ? Math.sqrt(2 / (5.0 * config.hidden))
            : WEIGHT_DEVIATION;
    // Blocks write into the residual stream twice a layer; this keeps its variance.
    double residual = 1 / Math.sqrt(2.0 * config.layers);
    try (var _ = new PointerScope()) {
      config
          .shapes(variant)
          .forEach(
              (name, shape) -> {
                float[] values = new float[Math.toIntExact(Config.product(shape))];
                if (shape.length == 1) {
                  Arrays.fill(values, 1);
                } else {
                  boolean writes = name.endsWith("attention.o") || name.endsWith("mlp.down");
                  fill(values, deviation * (writes ? residual : 1), seed, name);
                }
                parameters.put(name, parameter(copy(values, shape)));
              });
    }
    return new Llama(config, length, variant, parameters);
  }

  /**
   * Whether a parameter is a matrix of attention or mlp: what the authors of SPAM make sparse,
   * those of GaLore project to a lower rank, and those of Stable-SPAM quantise.
   *
   * @param name such as {@code layers.0.attention.q}
   */
  public static boolean isProjection(String name) {
    return name.startsWith("layers.") && !name.endsWith(".norm");
  }

  private static void requireGroups(Config config, int length) {
    for (int rows : new int[] {config.hidden, length}) {
      for (int columns : new int[] {config.hidden, config.inner}) {
        if ((long) rows * columns % FakeQuant.GROUP != 0) {
          throw new IllegalArgumentException(
              ("quantised weights, and inputs of a sequence, must have a multiple of %d elements:"
                      + " hidden=%d, inner=%d, length=%d")
                  .formatted(FakeQuant.GROUP, config.hidden, config.inner, length));
        }
      }
    }
  }

  /** A model on the same weights, with gradients of its own. */
  Llama sharingWeights() {
    Map<String, Tensor> shared = new LinkedHashMap<>();
    try (var _ = new PointerScope()) {
      parameters.forEach((name, weights) -> shared.put(name, parameter(weights.detach())));
    }
    return new Llama(config, Math.toIntExact(rotations.size(0)), variant, shared);
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
    Tensor x = mitigated(torch.embedding(weights("embedding"), inputs));
    for (int i = 0; i < config.layers; i++) {
      x = layer(x, "layers." + i + ".", sequences);
    }
    return torch.linear(norm(x, "norm"), weights("head")).view(-1, BYTES);
  }

  private Tensor mitigated(Tensor embedded) {
    return switch (variant.mitigation()) {
      case NONE, SCALED_INIT -> embedded;
      case EMBED_NORM ->
          torch.layer_norm(
              embedded,
              new long[] {config.hidden},
              new TensorOptional(weights("embedding.norm")),
              /* bias= */ new TensorOptional(),
              NORM_EPSILON,
              /* cudnn_enable= */ false);
      case EMBED_DETACH -> {
        // g x + (1 - g) detach(x), in an order that leaves the value as it is to the last bit.
        Tensor constant = embedded.detach();
        yield constant.add(embedded.sub(constant).mul(new Scalar(EMBEDDING_GRADIENT)));
      }
      case SCALED_EMBED -> embedded.mul(new Scalar(Math.sqrt(config.hidden)));
    };
  }

  private Tensor layer(Tensor x, String layer, int sequences) {
    Tensor a = variant.quantisation().inputs(norm(x, layer + "attention.norm"));
    Tensor q = rotate(linear(a, layer + "attention.q"), sequences);
    Tensor k = rotate(linear(a, layer + "attention.k"), sequences);
    Tensor v = linear(a, layer + "attention.v");
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
    Tensor y = x.add(linear(variant.quantisation().inputs(mixed), layer + "attention.o"));
    Tensor b = variant.quantisation().inputs(norm(y, layer + "mlp.norm"));
    Tensor gate = torch.silu(linear(b, layer + "mlp.gate"));
    Tensor up = linear(b, layer + "mlp.up");
    return y.add(linear(variant.quantisation().inputs(gate.mul(up)), layer + "mlp.down"));
  }

  /** The product with a projection, of inputs that are quantised already if they are to be. */
  private Tensor linear(Tensor inputs, String projection) {
    return torch.linear(inputs, variant.quantisation().weights(weights(projection)));
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
