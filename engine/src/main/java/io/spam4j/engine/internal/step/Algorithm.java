package io.spam4j.engine.internal.step;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.internal.decide.AdamDecision;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What a builder makes of its settings: what an optimizer is, apart from the parameters.
 *
 * @param name of the algorithm
 * @param settings what holds for all parameters, as text
 * @param layout of the state
 * @param ownLinks transforms that belong to the algorithm, behind those of the user
 * @param rule what decides and applies
 * @param scratch the working memory of the rule
 * @param seed of random selections
 * @param fused what the fused update needs, for devices that do it; null if the update is another
 */
public record Algorithm(
    String name,
    SequencedMap<String, String> settings,
    StateStore.Layout layout,
    List<LinkFactory> ownLinks,
    RuleFactory rule,
    Scratch scratch,
    long seed,
    @Nullable Fused fused) {
  /** One without transforms of its own and without random selections. */
  public static Algorithm of(
      String name,
      SequencedMap<String, String> settings,
      StateStore.FloatLayout layout,
      RuleFactory rule,
      Scratch scratch) {
    return new Algorithm(name, settings, layout.layout(), List.of(), rule, scratch, 0, null);
  }

  /** Whether weights and gradients may be {@link DType#BF16}. */
  private boolean takesBfloat16() {
    return fused != null;
  }

  private boolean isEmulated() {
    return fused != null && fused.adam().moments == MomentFormat.BF16_EMULATED;
  }

  /** The types that gradients may have. */
  List<DType> gradientTypes() {
    if (isEmulated()) {
      return List.of(DType.BF16);
    }
    return takesBfloat16() ? List.of(DType.F32, DType.BF16) : List.of(DType.F32);
  }

  /** Makes a transform for a number of parameters. */
  @FunctionalInterface
  public interface LinkFactory {
    /**
     * A transform at work.
     *
     * @param parameters themselves; empty where only the kind of transform matters
     */
    TransformLink of(int tensors, List<Parameter> parameters, boolean keepsNonFinite, int threads);
  }

  /**
   * An optimizer whose update is the fused one.
   *
   * @param adam what it is
   * @param decisions makes what decides its coefficients
   */
  public record Fused(AdamSettings adam, DecisionFactory decisions) {}

  /** Makes what decides the coefficients of each step. */
  @FunctionalInterface
  public interface DecisionFactory {
    AdamDecision of(NonFinitePolicy nonFinite, List<Hyperparameters> hyperparameters);
  }

  /** Makes the rule, and the state that it needs. */
  @FunctionalInterface
  public interface RuleFactory {
    UpdateRule of(RuleParts parts);
  }

  /** Tells the bytes of working memory. */
  @FunctionalInterface
  public interface Scratch {
    /** Before it is allocated. */
    long bytes(MemoryOutline outline);
  }
}
