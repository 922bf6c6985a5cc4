package io.spam4j.examples.models;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The size of a LLaMA, as the configurations of the authors' runs have it (Table 6 of the SPAM
 * paper prints the heads and layers of the 1B model in each other's place), with 32,000 tokens and
 * a head of its own.
 *
 * @param name such as {@code 60m}
 * @param hidden width of the residual stream
 * @param ffn width inside SwiGLU
 * @param heads attention heads, all with keys and values of their own
 * @param layers blocks
 * @param rank the rank of GaLore that the paper compares with
 */
public record LlamaModel(String name, int hidden, int ffn, int heads, int layers, int rank) {
  private static final int VOCABULARY = 32_000;

  /** The models that the papers pretrain, and the one they fine-tune. */
  static final List<LlamaModel> ALL =
      List.of(
          new LlamaModel("60m", 512, 1376, 8, 8, 128),
          new LlamaModel("130m", 768, 2048, 12, 12, 256),
          new LlamaModel("350m", 1024, 2736, 16, 24, 256),
          new LlamaModel("1b", 2048, 5461, 32, 24, 512),
          new LlamaModel("llama2-7b", 4096, 11_008, 32, 32, 8));

  /**
   * The model of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static LlamaModel named(String name) {
    return ALL.stream()
        .filter(model -> model.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "model must be one of %s: model=%s"
                        .formatted(
                            ALL.stream().map(LlamaModel::name).collect(Collectors.joining(", ")),
                            name)));
  }

  /** All weights, in the order that Hugging Face's class has them. */
  public List<ModelWeight> weights() {
    List<ModelWeight> weights = new ArrayList<>();
    weights.add(ModelWeight.dense("model.embed_tokens.weight", VOCABULARY, hidden));
    for (int i = 0; i < layers; i++) {
      String layer = "model.layers." + i + ".";
      for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
        weights.add(
            ModelWeight.target(layer + "self_attn." + projection + ".weight", hidden, hidden));
      }
      weights.add(ModelWeight.target(layer + "mlp.gate_proj.weight", ffn, hidden));
      weights.add(ModelWeight.target(layer + "mlp.up_proj.weight", ffn, hidden));
      weights.add(ModelWeight.target(layer + "mlp.down_proj.weight", hidden, ffn));
      weights.add(ModelWeight.dense(layer + "input_layernorm.weight", hidden));
      weights.add(ModelWeight.dense(layer + "post_attention_layernorm.weight", hidden));
    }
    weights.add(ModelWeight.dense("model.norm.weight", hidden));
    weights.add(ModelWeight.dense("lm_head.weight", VOCABULARY, hidden));
    return weights;
  }
}
