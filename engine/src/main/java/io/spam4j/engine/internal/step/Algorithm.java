package io.spam4j.engine.internal.step;

import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.SequencedMap;

/** What a builder makes of its settings: what an optimizer is, apart from the parameters. */
public sealed interface Algorithm permits AdamFamily, Baseline {
  /** The name in files and messages. */
  String name();

  /** What holds for all parameters, as text. */
  SequencedMap<String, String> settings();

  /** Which state it keeps. */
  StateStore.Layout layout();

  /** The transforms that belong to it, behind those of the user. */
  List<LinkFactory> ownLinks();

  /** Makes what decides and applies. */
  RuleFactory rule();

  /** Tells the working memory of the rule. */
  Scratch scratch();

  /** The seed of random selections; 0 if there are none. */
  long seed();

  /** The weights of a line of selections; 1 if single ones are selected, or none. */
  int lineLength();

  /** The types that gradients may have. */
  List<DType> gradientTypes();

  /** Makes a transform at work for a number of parameters. */
  @FunctionalInterface
  interface LinkFactory {
    /** One that has decided nothing yet. */
    TransformLink of(int tensors, boolean keepsNonFinite);
  }

  /** Makes the rule, and the state that it needs. */
  @FunctionalInterface
  interface RuleFactory {
    UpdateRule of(RuleParts parts);
  }

  /** Tells the bytes of working memory. */
  @FunctionalInterface
  interface Scratch {
    /** Before it is allocated. */
    long bytes(MemoryOutline outline);
  }
}
