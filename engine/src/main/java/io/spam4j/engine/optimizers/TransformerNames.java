package io.spam4j.engine.optimizers;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** {@link AdamMini.Partition#transformer}: what the names of parameters say. */
final class TransformerNames implements AdamMini.Partition {
  private static final Set<String> QUERIES =
      Set.of("q q_proj wq query attn_q q_lin to_q q_proj_weight".split(" "));
  private static final Set<String> KEYS =
      Set.of("k k_proj wk key attn_k k_lin to_k k_proj_weight".split(" "));

  /** Queries, keys and values in one matrix. */
  private static final Set<String> FUSED =
      Set.of(
          "c_attn qkv qkv_proj wqkv query_key_value attn_qkv to_qkv in_proj in_proj_weight"
              .split(" "));

  private static final Set<String> ROWS =
      Set.of(
          """
          v v_proj wv value attn_v v_lin to_v v_proj_weight
          o o_proj wo out_proj c_proj attn_output out_lin to_out
          mlp ffn feed_forward c_fc linear1 linear2 fc1 fc2 intermediate
          gate_proj up_proj down_proj ffn_gate ffn_up ffn_down lin1 lin2
          wte wpe head lm_head output
          """
              .strip()
              .split("\\s+"));

  private final int heads;
  private final int keyValueHeads;
  private final AdamMini.@Nullable Partition others;

  /**
   * A partition.
   *
   * @param others asked for what is not recognised; null to refuse it
   */
  TransformerNames(int heads, int keyValueHeads, AdamMini.@Nullable Partition others) {
    requireHeads("heads", heads);
    requireHeads("keyValueHeads", keyValueHeads);
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.others = others;
  }

  private static void requireHeads(String name, int heads) {
    if (heads < 1) {
      throw new IllegalArgumentException(name + " must be positive: " + name + "=" + heads);
    }
  }

  @Override
  public long blocks(String parameter, long[] shape) {
    if (shape.length < 2) {
      return 1;
    }
    String[] parts = parameter.toLowerCase(Locale.ROOT).split("\\.");
    if (hasPart(parts, QUERIES::contains)) {
      return headBlocks(parameter, "heads", heads, shape);
    }
    if (hasPart(parts, KEYS::contains)) {
      return headBlocks(parameter, "heads", keyValueHeads, shape);
    }
    if (hasPart(parts, FUSED::contains)) {
      return fusedBlocks(parameter, shape);
    }
    if (hasPart(parts, TransformerNames::isOfRows)) {
      return shape[0];
    }
    if (others == null) {
      throw new IllegalArgumentException(
          "a matrix must have a name that Adam-mini's partition knows, or AdamMini.Partition.transformer"
              + " a third argument, such as Partition.whole(): parameter=%s, shape=%s"
                  .formatted(parameter, Arrays.toString(shape)));
    }
    return others.blocks(parameter, shape);
  }

  private static boolean isOfRows(String part) {
    return ROWS.contains(part) || part.contains("embed") || part.contains("embd");
  }

  private static boolean hasPart(String[] parts, Predicate<String> predicate) {
    return Arrays.stream(parts).anyMatch(predicate);
  }

  /** A block for each head of queries, keys and values: all heads have as many rows. */
  private long fusedBlocks(String parameter, long[] shape) {
    if (shape[0] <= shape[1]) {
      throw new IllegalArgumentException(
          "queries, keys and values in one matrix must be its rows, of which there are more than"
              + " columns; give AdamMini.builder a Partition of your own: parameter=%s, shape=%s"
                  .formatted(parameter, Arrays.toString(shape)));
    }
    return headBlocks(
        parameter, "heads of queries, keys and values", heads + 2L * keyValueHeads, shape);
  }

  private static long headBlocks(String parameter, String what, long heads, long[] shape) {
    if (shape[0] % heads != 0) {
      throw new IllegalArgumentException(
          "%s must divide the rows of a projection: parameter=%s, heads=%d, shape=%s"
              .formatted(what, parameter, heads, Arrays.toString(shape)));
    }
    return heads;
  }
}
