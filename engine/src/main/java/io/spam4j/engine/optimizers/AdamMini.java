package io.spam4j.engine.optimizers;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.baseline.AdamMiniRule;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Baseline;
import io.spam4j.tensors.Tensor;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Objects;
import java.util.SequencedMap;

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
 * names, recognised as whole parts, and refuses others where the authors' class warns; heads are
 * counted, not computed from the width of the model, so that they may have any size. A group may
 * give norms a decay. Gradient coordinates that are NaN or Inf are skipped ({@link
 * NonFinitePolicy}) and left out of the mean; |g| is limited to 1e18, and moments that are
 * subnormal become 0.
 */
public final class AdamMini {

  private AdamMini() {}

  /** How the weights of a parameter are cut into blocks that share a second moment. */
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

    /** One block a parameter: what the authors' class does with all that it does not recognise. */
    static Partition whole() {
      return (_, _) -> 1;
    }

    /**
     * One block a row, which belongs to one index of the first dimension; vectors are one block.
     */
    static Partition rows() {
      return (_, shape) -> shape.length < 2 ? 1 : shape[0];
    }

    /**
     * {@link #transformer(int, int, Partition)} that throws {@link IllegalArgumentException} for a
     * matrix whose name is not recognised: silence would give it one second moment.
     *
     * @param heads of the queries, positive; divides the rows of their projections
     * @param keyValueHeads the same of the keys
     */
    static Partition transformer(int heads, int keyValueHeads) {
      return new TransformerNames(heads, keyValueHeads, null);
    }

    /**
     * The authors' partition of a transformer, by the names of parameters. A matrix that projects
     * to queries or keys has one block a head; one of the embedding, of the output, of values, of
     * the output of attention or of a feed-forward layer has one a row, which is a token or an
     * output neuron; one that projects to queries, keys and values together has one for each head
     * of each. Vectors and scalars, norms and biases too, are one block.
     *
     * <p>Names are taken apart at their dots; case does not matter. Those of Llama, GPT-2
     * (nanoGPT), BERT, OPT, PyTorch's own layers, diffusers and llama.cpp are recognised: {@code
     * q_proj}, {@code wq}, {@code query}, {@code attn_q}; {@code c_attn}, {@code qkv}, {@code
     * in_proj_weight}; {@code o_proj}, {@code c_proj}, {@code attn_output}; {@code mlp}, {@code
     * linear1}, {@code intermediate}, {@code ffn_up}; {@code wte}, {@code lm_head} and all with
     * {@code embed} or {@code embd} in them, for example. Rows are outputs, as of PyTorch's Linear;
     * Hugging Face's Conv1D has them as columns.
     *
     * @param heads of the queries, positive; divides the rows of their projections
     * @param keyValueHeads the same of the keys
     * @param others asked for matrices whose names are not recognised, such as {@link #whole}
     */
    static Partition transformer(int heads, int keyValueHeads, Partition others) {
      return new TransformerNames(
          heads, keyValueHeads, Objects.requireNonNull(others, "others must not be null"));
    }
  }

  /**
   * A builder with the authors' defaults for a transformer, all of whose matrices must have names
   * that {@link Partition#transformer(int, int)} recognises.
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
      return Baseline.ofFloats(
          "adam-mini",
          new LinkedHashMap<>(),
          (parameter, shape) -> shapes(partition, parameter, shape),
          AdamMiniRule::new,
          o -> AdamMiniRule.scratchBytes((name, shape) -> blocks(partition, name, shape), o));
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

  private static long blocks(Partition partition, String parameter, long[] shape) {
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
