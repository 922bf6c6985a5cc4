package io.spam4j.examples.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.analysis.LayerKind;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class LlamaModelTest {
  @Test
  void weights_areNamedAndShapedAsHuggingFaceHasThem() {
    List<ModelWeight> weights = LlamaModel.named("60m").weights();

    assertThat(weights).hasSize(1 + 8 * 9 + 2);
    assertThat(weights.subList(0, 10))
        .containsExactly(
            new ModelWeight("model.embed_tokens.weight", List.of(32000L, 512L), false),
            new ModelWeight("model.layers.0.self_attn.q_proj.weight", List.of(512L, 512L), true),
            new ModelWeight("model.layers.0.self_attn.k_proj.weight", List.of(512L, 512L), true),
            new ModelWeight("model.layers.0.self_attn.v_proj.weight", List.of(512L, 512L), true),
            new ModelWeight("model.layers.0.self_attn.o_proj.weight", List.of(512L, 512L), true),
            new ModelWeight("model.layers.0.mlp.gate_proj.weight", List.of(1376L, 512L), true),
            new ModelWeight("model.layers.0.mlp.up_proj.weight", List.of(1376L, 512L), true),
            new ModelWeight("model.layers.0.mlp.down_proj.weight", List.of(512L, 1376L), true),
            new ModelWeight("model.layers.0.input_layernorm.weight", List.of(512L), false),
            new ModelWeight(
                "model.layers.0.post_attention_layernorm.weight", List.of(512L), false));
    assertThat(weights.subList(72, 75))
        .containsExactly(
            new ModelWeight("model.layers.7.post_attention_layernorm.weight", List.of(512L), false),
            new ModelWeight("model.norm.weight", List.of(512L), false),
            new ModelWeight("lm_head.weight", List.of(32000L, 512L), false));
  }

  /** Table 4 of the SPAM paper counts spikes in these. */
  @Test
  void kinds_haveTheParametersOfTable4() {
    assertThat(
            LlamaModel.named("60m").weights().stream()
                .collect(
                    Collectors.groupingBy(
                        weight -> LayerKind.of(weight.name()),
                        Collectors.summingLong(ModelWeight::elements))))
        .isEqualTo(
            Map.of(
                LayerKind.EMBEDDING, 16_384_000L,
                LayerKind.ATTENTION, 8_388_608L,
                LayerKind.FFN, 16_908_288L,
                LayerKind.NORM, 8_704L,
                LayerKind.LM_HEAD, 16_384_000L));
  }

  @Test
  void model_thatIsNotThereIsNamed() {
    assertThatThrownBy(() -> LlamaModel.named("7b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("model must be one of 60m, 130m, 350m, 1b, llama2-7b: model=7b");
  }
}
