package io.spam4j.examples.llama;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * How a {@link Llama} is built and computed otherwise than plainly: what SPAM's Table 2 compares
 * itself with, and the 4-bit training of Stable-SPAM.
 *
 * @param mitigation against spikes of gradients; by default none
 * @param quantisation of the projections and their inputs; by default none
 */
public record LlamaVariant(Mitigation mitigation, Quantisation quantisation) {
  /** Neither: what {@link Llama#create(Llama.Config, int, long)} makes. */
  public static final LlamaVariant PLAIN = new LlamaVariant(Mitigation.NONE, Quantisation.NONE);

  /**
   * What a model does against spikes (SPAM, Table 2); d is the width of the residual stream and N
   * the number of layers.
   */
  public enum Mitigation {
    NONE,
    /**
     * Layer normalisation of embedded bytes, to mean 0 and variance 1 of each, with a factor for
     * each channel, the parameter {@code embedding.norm} of shape [d], and no bias.
     */
    EMBED_NORM,
    /** {@code x = g x + (1 - g) detach(x)} with g = 0.1 for x, the embedded bytes. */
    EMBED_DETACH,
    /** Embedded bytes times sqrt(d). */
    SCALED_EMBED,
    /**
     * Matrices of deviation sqrt(2 / (5 d)) instead of 0.02, which is 0.02 at d = 1000 and more for
     * narrower models. Those that write into the residual stream have 1 / sqrt(2 N) of it, as they
     * have in the plain model too. The paper prints the deviation of the latter alone.
     */
    SCALED_INIT
  }

  /**
   * What the matrices of attention and mlp and their inputs are rounded to, forwards, while
   * gradients pass as if they were not (Stable-SPAM, Table 1, as the released code computes it).
   * Embedding, norms and head are not rounded, nor are products and gradients. Groups of 256
   * elements have a scale each.
   */
  public enum Quantisation {
    NONE,
    /** Weights on 16 even levels from least to largest; inputs on 15, but for the 2 largest. */
    INT4,
    /** Weights and inputs, but for the 2 largest, on the 9 even levels of the released "FP4". */
    FP4_RELEASED,
    /** Weights and inputs, but for the 2 largest, on the 15 numbers of E2M1. */
    E2M1;

    private static final int OUTLIERS = 2;

    /** The weights of a linear layer as it multiplies by them; same shape. */
    Tensor weights(Tensor weights) {
      return this == INT4 ? FakeQuant.int4Weights(weights) : inputs(weights);
    }

    /** The inputs of a linear layer as it multiplies them; same shape. */
    Tensor inputs(Tensor inputs) {
      return switch (this) {
        case NONE -> inputs;
        case INT4 -> FakeQuant.int4Symmetric(inputs, OUTLIERS);
        case FP4_RELEASED -> FakeQuant.releasedFp4(inputs, OUTLIERS);
        case E2M1 -> FakeQuant.e2m1(inputs, OUTLIERS);
      };
    }
  }

  /**
   * The variant of two names.
   *
   * @param mitigation one of {@link #mitigations}
   * @param quantisation one of {@link #quantisations}
   * @throws IllegalArgumentException if there is none of that name
   */
  public static LlamaVariant of(String mitigation, String quantisation) {
    return new LlamaVariant(
        named(Mitigation.values(), "mitigation", mitigation),
        named(Quantisation.values(), "quantisation", quantisation));
  }

  /** {@code none, embed-norm, embed-detach, scaled-embed, scaled-init}. */
  public static List<String> mitigations() {
    return names(Mitigation.values());
  }

  /** {@code none, int4, fp4-released, e2m1}. */
  public static List<String> quantisations() {
    return names(Quantisation.values());
  }

  private static <E extends Enum<E>> E named(E[] values, String what, String name) {
    return Arrays.stream(values)
        .filter(value -> name(value).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "%s must be one of %s: %s=%s"
                        .formatted(what, String.join(", ", names(values)), what, name)));
  }

  private static List<String> names(Enum<?>[] values) {
    return Arrays.stream(values).map(LlamaVariant::name).toList();
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
