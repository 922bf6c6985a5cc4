package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Baseline;
import io.spam4j.tensors.Tensor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Adam-mini (Zhang et al., arXiv 2406.16793, Algorithm 1), as version 1.1.1 of the authors' class:
 * Adam with one second moment for each block of weights, the mean of the squares of its gradients.
 *
 * <pre>
 * w = (1 - lr * decay) w
 * m = beta1 m + (1 - beta1) g;  v[b] = beta2 v[b] + (1 - beta2) mean over block b of g^2
 * w = w - lr * (m / (1 - beta1^k)) / (sqrt(v[b] / (1 - beta2^k)) + eps)
 * </pre>
 *
 * <p>where k counts the tensor's updates. How a tensor is cut into blocks says a {@link Partition}.
 * Defaults are the authors': lr 1e-3, betas 0.9, 0.999, eps 1e-8, decay 0; norms do not decay.
 * State: 4 bytes a weight, {@code exp_avg} ({@code m} in their files), and 4 a block, {@code
 * exp_avg_sq} ({@code vmean}).
 *
 * <p><b>Differences from the authors' code.</b> {@link Partition#transformer} has its own list of
 * names, recognised as whole parts; heads are counted, not computed from the width of the model, so
 * that they may have any size. A group may give norms a decay. Gradient coordinates that are NaN or
 * Inf are skipped ({@link NonFinitePolicy}) and left out of the mean; |g| is limited to 1e18, and
 * moments that are subnormal become 0.
 */
public final class AdamMini {

  private static final Set<String> QUERIES = Set.of("q", "q_proj", "wq", "query");
  private static final Set<String> KEYS = Set.of("k", "k_proj", "wk", "key");
  private static final Set<String> ROWS =
      Set.of(
          "v v_proj wv value o o_proj wo out_proj mlp ffn feed_forward wte head lm_head output"
              .split(" "));

  private AdamMini() {}

  /**
   * How the weights of a parameter are cut into blocks that share a second moment.
   *
   * <p>{@link #transformer} takes names apart at their dots. Queries are recognised by a part
   * {@code q}, {@code q_proj}, {@code wq} or {@code query}, keys likewise; values by {@code v},
   * {@code v_proj}, {@code wv}, {@code value}; the output of attention by {@code o}, {@code
   * o_proj}, {@code wo}, {@code out_proj}; feed-forward layers by {@code mlp}, {@code ffn}, {@code
   * feed_forward}; the embedding by {@code wte} or a part with {@code embed} in it; the output by
   * {@code head}, {@code lm_head}, {@code output}. Case does not matter.
   */
  @FunctionalInterface
  public interface Partition {
    /**
     * The number of blocks; each is a run of equally many weights, in row-major order.
     *
     * @param parameter the name
     * @param shape of the weights
     * @return positive, and a divisor of the number of weights
     */
    long blocks(String parameter, long[] shape);

    /**
     * The authors' partition of a transformer, by the names of parameters. A matrix that projects
     * to queries or keys has one block a head; one of the embedding, of the output, of values, of
     * the output of attention or of a feed-forward layer has one a row, which is a token or an
     * output neuron; everything else, norms and biases too, is one block.
     *
     * @param heads of the queries, positive; divides the rows of their projections
     * @param keyValueHeads the same of the keys
     */
    static Partition transformer(int heads, int keyValueHeads) {
      requireHeads("heads", heads);
      requireHeads("keyValueHeads", keyValueHeads);
      return (parameter, shape) -> {
        String[] parts = parameter.toLowerCase(Locale.ROOT).split("\\.");
        if (shape.length < 2) {
          return 1;
        }
        if (hasPart(parts, QUERIES::contains)) {
          return headBlocks(parameter, heads, shape);
        }
        if (hasPart(parts, KEYS::contains)) {
          return headBlocks(parameter, keyValueHeads, shape);
        }
        return hasPart(parts, part -> ROWS.contains(part) || part.contains("embed")) ? shape[0] : 1;
      };
    }
  }

  private static boolean hasPart(String[] parts, Predicate<String> predicate) {
    return Arrays.stream(parts).anyMatch(predicate);
  }

  private static void requireHeads(String name, int heads) {
    if (heads < 1) {
      throw new IllegalArgumentException(name + " must be positive: " + name + "=" + heads);
    }
  }

  private static long headBlocks(String parameter, int heads, long[] shape) {
    if (shape[0] % heads != 0) {
      throw new IllegalArgumentException(
          "heads must divide the rows of a projection: parameter=%s, heads=%d, shape=%s"
              .formatted(parameter, heads, Arrays.toString(shape)));
    }
    return heads;
  }

  /**
   * A builder with the authors' defaults for a transformer.
   *
   * @param heads of its attention, positive
   */
  public static Builder builder(int heads) {
    return builder(heads, heads);
  }

  /**
   * The same for a transformer whose queries share keys.
   *
   * @param heads of the queries, positive
   * @param keyValueHeads of the keys, positive
   */
  public static Builder builder(int heads, int keyValueHeads) {
    return new Builder(Partition.transformer(heads, keyValueHeads));
  }

  /** A builder with the authors' defaults for any model. */
  public static Builder builder(Partition partition) {
    return new Builder(Objects.requireNonNull(partition, "partition must not be null"));
  }

  /** Builds {@link AdamMini}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private final Partition partition;

    private Builder(Partition partition) {
      super(
          new Group(
              "adam-mini",
              EnumSet.of(Hyperparameters.Setting.BETAS, Hyperparameters.Setting.EPSILON)));
      this.partition = partition;
    }

    /**
     * The decays of the moments.
     *
     * @param beta1 of the first moment, in [0, 1); default 0.9
     * @param beta2 of the second moment, in [0, 1); default 0.999
     */
    public Builder betas(double beta1, double beta2) {
      defaults.betas(beta1, beta2);
      return this;
    }

    /**
     * Added to the denominator of the update, after the bias correction.
     *
     * @param epsilon a float, not negative, 0 below the least one; default 1e-8. With 0 a block
     *     whose second moment is 0 takes no step.
     */
    public Builder epsilon(double epsilon) {
      defaults.epsilon(epsilon);
      return this;
    }

    /**
     * Decoupled weight decay; parameters with {@code norm} in their name do not decay unless a
     * group says so.
     *
     * @param weightDecay finite, not negative; default 0
     */
    @Override
    public Builder weightDecay(double weightDecay) {
      return super.weightDecay(weightDecay);
    }

    @Override
    void adjust(String parameter, Group group) {
      if (parameter.toLowerCase(Locale.ROOT).contains("norm")) {
        group.weightDecay(0);
      }
    }

    @Override
    Algorithm algorithm() {
      return new Baseline(
          "adam-mini",
          new LinkedHashMap<>(),
          (parameter, shape) -> shapes(partition, parameter, shape),
          AdamMiniRule::new,
          o -> AdamMiniRule.scratchBytes(partition, o));
    }

    @Override
    protected Builder self() {
      return this;
    }
  }

  private static SequencedMap<String, long[]> shapes(
      Partition partition, String parameter, long[] shape) {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(StateNames.FIRST, shape);
    shapes.put(StateNames.SECOND, new long[] {blocks(partition, parameter, shape)});
    return shapes;
  }

  static long blocks(Partition partition, String parameter, long[] shape) {
    long blocks = partition.blocks(parameter, shape.clone());
    long elements = Tensor.elements(shape);
    if (blocks < 1 || elements % blocks != 0) {
      throw new IllegalArgumentException(
          "blocks must be a positive divisor of the weights: parameter=%s, blocks=%d, weights=%d"
              .formatted(parameter, blocks, elements));
    }
    return blocks;
  }
}
