package io.spam4j.engine.analysis;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The kinds of layers that Table 4 of the SPAM paper counts spikes in, told from a parameter's name
 * as models in the manner of LLaMA, GPT-2, GPT-NeoX, OPT, BERT and T5 have them.
 *
 * <p>The first kind that matches is taken, in the order NORM, LM_HEAD, EMBEDDING, ATTENTION, FFN: a
 * norm inside attention is a norm.
 */
public enum LayerKind {
  /** Token and position embeddings: {@code embed_tokens}, {@code wte}, {@code embeddings}. */
  EMBEDDING("Embed", "[^.]*embed[^.]*|w[tp]e|shared"),
  /** Everything of attention but its norms: {@code self_attn.q_proj}, {@code attn.c_attn}. */
  ATTENTION("Attention", "[^.]*att(n|ention)[^.]*"),
  /** The feed-forward part: {@code mlp.up_proj}, {@code fc1}, BERT's {@code output.dense}. */
  FFN(
      "FFN",
      "[^.]*(mlp|ffn|feed_?forward|moe|expert)[^.]*|c_fc|fc\\d|intermediate|densereludense|"
          + "output\\.dense"),
  /** Layer and RMS norms: {@code input_layernorm}, {@code ln_1}, {@code norm}. */
  NORM("LayerNorm", "[^.]*norm[^.]*|ln_?[^._]*"),
  /** The projection onto the vocabulary: {@code lm_head}, {@code embed_out}, {@code head}. */
  LM_HEAD("LM head", "lm_head|head|embed_out|unembed|predictions|^output(?=\\.(weight|bias)$)"),
  /** Whatever is none of these. */
  OTHER("other", "(?!)");

  private static final LayerKind[] ORDER = {NORM, LM_HEAD, EMBEDDING, ATTENTION, FFN};

  private final String label;
  private final Pattern pattern;

  /** The expression matches a part of the name between dots, or several; case does not matter. */
  LayerKind(String label, String part) {
    this.label = label;
    pattern = Pattern.compile("(?<![^.])(" + part + ")(?![^.])", Pattern.CASE_INSENSITIVE);
  }

  /**
   * The kind of a parameter.
   *
   * @param parameter its name, with dots or slashes between its parts
   */
  public static LayerKind of(String parameter) {
    Objects.requireNonNull(parameter, "parameter must not be null");
    String name = parameter.replace('/', '.');
    for (LayerKind kind : ORDER) {
      if (kind.pattern.matcher(name).find()) {
        return kind;
      }
    }
    return OTHER;
  }

  /** The name in the paper's table, such as {@code LM head}. */
  public String label() {
    return label;
  }
}
