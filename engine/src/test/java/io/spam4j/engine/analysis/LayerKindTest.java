package io.spam4j.engine.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LayerKindTest {
  @ParameterizedTest
  @CsvSource({
    // LLaMA as Hugging Face and as Meta have it
    "model.embed_tokens.weight, EMBEDDING",
    "model.layers.0.self_attn.q_proj.weight, ATTENTION",
    "model.layers.11.self_attn.o_proj.weight, ATTENTION",
    "model.layers.0.self_attn.q_norm.weight, NORM",
    "model.layers.0.mlp.gate_proj.weight, FFN",
    "model.layers.0.block_sparse_moe.experts.3.w1.weight, FFN",
    "model.layers.0.input_layernorm.weight, NORM",
    "model.layers.0.post_attention_layernorm.weight, NORM",
    "model.norm.weight, NORM",
    "lm_head.weight, LM_HEAD",
    "tok_embeddings.weight, EMBEDDING",
    "layers.0.attention.wq.weight, ATTENTION",
    "layers.0.feed_forward.w1.weight, FFN",
    "layers.0.ffn_norm.weight, NORM",
    "output.weight, LM_HEAD",
    // GPT-2
    "transformer.wte.weight, EMBEDDING",
    "wpe.weight, EMBEDDING",
    "transformer.h.0.attn.c_attn.weight, ATTENTION",
    "h.0.attn.c_proj.bias, ATTENTION",
    "h.0.mlp.c_fc.weight, FFN",
    "h.0.mlp.c_proj.weight, FFN",
    "h.0.ln_1.bias, NORM",
    "transformer.ln_f.weight, NORM",
    // GPT-NeoX (Pythia) and OPT
    "gpt_neox.embed_in.weight, EMBEDDING",
    "gpt_neox.layers.0.attention.query_key_value.weight, ATTENTION",
    "gpt_neox.layers.0.mlp.dense_h_to_4h.weight, FFN",
    "embed_out.weight, LM_HEAD",
    "model.decoder.embed_positions.weight, EMBEDDING",
    "model.decoder.layers.0.self_attn_layer_norm.weight, NORM",
    "model.decoder.layers.0.fc1.weight, FFN",
    // BERT
    "bert.embeddings.word_embeddings.weight, EMBEDDING",
    "bert.embeddings.LayerNorm.weight, NORM",
    "bert.encoder.layer.0.attention.self.query.weight, ATTENTION",
    "bert.encoder.layer.0.attention.output.dense.weight, ATTENTION",
    "bert.encoder.layer.0.intermediate.dense.weight, FFN",
    "bert.encoder.layer.0.output.dense.weight, FFN",
    "bert.encoder.layer.0.output.LayerNorm.bias, NORM",
    "bert.pooler.dense.weight, OTHER",
    "cls.predictions.decoder.weight, LM_HEAD",
    // T5, and with slashes
    "shared.weight, EMBEDDING",
    "encoder.block.0.layer.0.SelfAttention.q.weight, ATTENTION",
    "encoder/block/0/layer/1/DenseReluDense/wi/weight, FFN",
    // the demo of this project
    "embedding, EMBEDDING",
    "layers.0.attention.norm, NORM",
    "layers.0.attention.q, ATTENTION",
    "head, LM_HEAD",
    // none of them
    "conv1.weight, OTHER",
    "overheads.weight, OTHER",
    "w, OTHER"
  })
  void kind_isToldFromTheName(String name, LayerKind kind) {
    assertThat(LayerKind.of(name)).isEqualTo(kind);
  }

  @Test
  void labels_areThoseOfTable4() {
    assertThat(Arrays.stream(LayerKind.values()).map(LayerKind::label))
        .containsExactly("Embed", "Attention", "FFN", "LayerNorm", "LM head", "other");
  }
}
