package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.Runs;
import io.spam4j.tensors.Tensor;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AdamMiniTest {
  @Test
  void firstTwoSteps_areTheHandWorkedOnes() {
    // lr 1, eps 1. Block means of g^2: (9 + 49) / 2 = 29 and 0; m^ = g, v^ = 29: w = -g /
    // (sqrt(29) + 1). Then g = (1, 1, 2, 0), k = 2: m^ = (0.9 * 0.1 * g1 + 0.1 * g2) / 0.19,
    // v^ = (0.999 * 0.029 + 0.001 * 1) / 0.001999 and 0.001 * 2 / 0.001999.
    var builder = AdamMini.builder((_, _) -> 2).learningRate(1).epsilon(1);
    try (var run = new Runs(builder, new float[4])) {
      run.step(3, 7, 0, 0);
      double root = Math.sqrt(29) + 1;
      assertThat(run.weights)
          .containsExactly(new float[] {(float) (-3 / root), (float) (-7 / root), 0, 0}, near());
      assertThat(run.second()).containsExactly(new float[] {0.029f, 0}, within(1e-9f));
      run.step(1, 1, 2, 0);
      double first = Math.sqrt((0.999 * 0.029 + 0.001) / 0.001999) + 1;
      double second = Math.sqrt(0.002 / 0.001999) + 1;
      assertThat(run.weights)
          .containsExactly(
              new float[] {
                (float) (-3 / root - (0.27 + 0.1) / 0.19 / first),
                (float) (-7 / root - (0.63 + 0.1) / 0.19 / first),
                (float) (-0.2 / 0.19 / second),
                0
              },
              near());
      assertThat(run.second()).containsExactly(new float[] {0.029971f, 0.002f}, within(1e-8f));
      assertThat(run.first()).containsExactly(new float[] {0.37f, 0.73f, 0.2f, 0}, near());
    }
  }

  private static Offset<Float> near() {
    return within(3e-7f);
  }

  @Test
  void decay_isDecoupledAndFirst_andSparesNorms() {
    // w = 1 * (1 - 0.1 * 0.5) - 0.1 * sign(g); a norm does not decay, unless a group says so
    Tensor up = Tensor.of(new float[] {1}, 1);
    Tensor norm = Tensor.of(new float[] {1}, 1);
    Tensor g = Tensor.of(new float[] {2}, 1);
    var parameters = List.of(new Parameter("mlp.up", up), new Parameter("final_Norm", norm));
    var builder = AdamMini.builder(2).learningRate(0.1).weightDecay(0.5).epsilon(0);
    try (var optimizer = builder.build(parameters)) {
      optimizer.step(_ -> g);
    }
    assertThat(up.getFloat(0)).isCloseTo(0.85f, near());
    assertThat(norm.getFloat(0)).isCloseTo(0.9f, near());
    norm.setFloat(0, 1);
    builder.group("*Norm", group -> group.weightDecay(0.2));
    try (var optimizer = builder.build(parameters)) {
      optimizer.step(_ -> g);
    }
    assertThat(norm.getFloat(0)).isCloseTo(0.88f, near());
  }

  @Test
  void withABlockForEachWeight_itIsAdamW() {
    var random = new Random(1);
    float[] start = Runs.draw(random, 50, 100);
    try (var mini = new Runs(AdamMini.builder((_, _) -> 50).weightDecay(0.1), start);
        var adamW = new Runs(AdamW.builder().weightDecay(0.1), start)) {
      for (int t = 0; t < 20; t++) {
        float[] gradient = Runs.draw(random, 50, 100);
        mini.step(gradient);
        adamW.step(gradient);
      }
      // beta2 is a float there and a double here: 1.3e-5 of 1 - beta2
      for (int i = 0; i < 50; i++) {
        assertThat(mini.weights[i]).isCloseTo(adamW.weights[i], within(1e-6f));
        assertThat(mini.second()[i])
            .isCloseTo(adamW.second()[i], within(2e-5f * adamW.second()[i]));
      }
    }
  }

  @Test
  void blockWithoutHistory_takesNoStep_whereEpsilonIsZero() {
    try (var run = new Runs(AdamMini.builder((_, _) -> 2).epsilon(0), 1, 1)) {
      run.step(0, 1);
      assertThat(run.weights).containsExactly(new float[] {1, 0.999f}, near());
    }
  }

  /** Blocks longer than a piece of work, with gradients left out. */
  @ParameterizedTest
  @CsvSource({"3, 60000", "1, 40001"})
  void longBlocks_haveTheMeanOfTheirFiniteGradients(int blocks, int n) {
    var random = new Random(1);
    float[] gradient = Runs.draw(random, n, 100);
    gradient[1] = Float.NaN;
    gradient[n - 1] = Float.POSITIVE_INFINITY;
    try (var run = new Runs(AdamMini.builder((_, _) -> blocks).epsilon(0), new float[n])) {
      run.step(gradient);
      int length = n / blocks;
      for (int block = 0; block < blocks; block++) {
        double sum = 0;
        int count = 0;
        for (int i = block * length; i < (block + 1) * length; i++) {
          boolean counts = Float.isFinite(gradient[i]);
          sum += counts ? (double) gradient[i] * gradient[i] : 0;
          count += counts ? 1 : 0;
        }
        double mean = sum / count;
        assertThat((double) run.second()[block]).isCloseTo(1e-3 * mean, within(1e-9 * mean));
        int at = block * length + length / 2;
        double step = 1e-3 * gradient[at] / Math.sqrt(mean);
        assertThat((double) run.weights[at]).isCloseTo(-step, within(1e-6 * Math.abs(step)));
      }
      assertThat(run.weights[1]).isEqualTo(0);
      assertThat(run.weights[n - 1]).isEqualTo(0);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, 11",
    "embedding, 11",
    "transformer.wte.weight, 11",
    "model.layers.0.self_attn.q_proj.weight, 4",
    "layers.0.attention.q, 4",
    "attn.Query.weight, 4",
    "model.layers.0.self_attn.k_proj.weight, 2",
    "layers.0.attention.k, 2",
    "model.layers.0.self_attn.v_proj.weight, 11",
    "model.layers.0.self_attn.o_proj.weight, 11",
    "layers.0.mlp.gate, 11",
    "model.layers.0.mlp.down_proj.weight, 11",
    "lm_head.weight, 11",
    "head, 11",
    "blk.0.attn_q.weight, 4",
    "transformer.layer.0.attention.q_lin.weight, 4",
    "blk.0.attn_k.weight, 2",
    "token_embd.weight, 11",
    "transformer.wpe.weight, 11",
    "transformer.h.0.attn.c_proj.weight, 11",
    "transformer.h.0.mlp.c_fc.weight, 11",
    "layers.0.linear1.weight, 11",
    "encoder.layer.0.intermediate.dense.weight, 11",
    "encoder.layer.0.attention.output.dense.weight, 11",
    "blk.0.attn_output.weight, 11",
    "blk.0.ffn_down.weight, 11",
    "decoder.layers.0.fc1.weight, 11",
  })
  void transformer_cutsMatricesByName(String name, long blocks) {
    var partition = AdamMini.Partition.transformer(4, 2);
    boolean projection = blocks == 4 || blocks == 2;
    assertThat(partition.blocks(name, new long[] {projection ? 8 : 11, 6})).isEqualTo(blocks);
    assertThat(partition.blocks(name + ".bias", new long[] {11})).isEqualTo(1);
    assertThat(partition.blocks("norm." + name, new long[] {8})).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "transformer.h.0.attn.c_attn.weight",
        "self_attn.in_proj_weight",
        "blocks.0.attn.qkv.weight",
        "layers.0.self_attn.qkv_proj.weight",
        "blk.0.attn_qkv.weight",
        "h.0.self_attention.query_key_value.weight"
      })
  void queriesKeysAndValuesInOne_haveABlockAHead(String name) {
    var partition = AdamMini.Partition.transformer(4, 2);
    assertThat(partition.blocks(name, new long[] {24, 12})).isEqualTo(4 + 2 + 2);
    assertThat(partition.blocks(name, new long[] {24})).isEqualTo(1);
    assertThatThrownBy(() -> partition.blocks(name, new long[] {12, 36}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "queries, keys and values in one matrix must be its rows, of which there are more than"
                + " columns; give AdamMini.builder a Partition of your own: parameter="
                + name
                + ", shape=[12, 36]");
    assertThatThrownBy(() -> partition.blocks(name, new long[] {25, 12}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "heads of queries, keys and values must divide the rows of a projection: parameter="
                + name
                + ", heads=8, shape=[25, 12]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"conv1.weight", "quokka.weight", "weight"})
  void otherNames_areRefused_orCutAsIsSaid(String name) {
    var whole = AdamMini.Partition.transformer(4, 2, AdamMini.Partition.whole());
    var rows = AdamMini.Partition.transformer(4, 2, AdamMini.Partition.rows());
    assertThat(whole.blocks(name, new long[] {11, 6})).isEqualTo(1);
    assertThat(rows.blocks(name, new long[] {11, 6})).isEqualTo(11);
    assertThat(rows.blocks(name, new long[] {6})).isEqualTo(1);
    Tensor weights = Tensor.of(new float[6], 2, 3);
    assertThatThrownBy(() -> AdamMini.builder(2).build(List.of(new Parameter(name, weights))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a matrix must have a name that Adam-mini's partition knows, or"
                + " AdamMini.Partition.transformer a third argument, such as Partition.whole():"
                + " parameter="
                + name
                + ", shape=[2, 3]");
  }
}
