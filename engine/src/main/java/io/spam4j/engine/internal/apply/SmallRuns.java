package io.spam4j.engine.internal.apply;

import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.small.SmallLoops;
import io.spam4j.engine.internal.small.SmallTensors;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.step.Staging;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.tensors.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which small tensors are updated together: those of consecutive numbers that have a gradient, and
 * whose coefficients cannot differ. They are found by comparing what coefficients are decided from,
 * so that they are decided once, and so that objects of a tensor are touched as little as possible:
 * thousands of them are read from memory at each step.
 */
final class SmallRuns {
  private final SmallTensors tensors;
  private final TransformChain chain;
  private final Timeline timeline;
  private final int[] group; // of each tensor: the same where all that was given is the same
  private final long[] elementsBefore; // of each tensor, of all before it; one more
  private final @Nullable Tensor[] seen; // the gradients whose memory the loops know

  private SmallRuns(
      SmallTensors tensors,
      int[] group,
      long[] elementsBefore,
      RuleParts parts,
      Timeline timeline) {
    this.tensors = tensors;
    this.group = group;
    this.elementsBefore = elementsBefore;
    this.timeline = timeline;
    chain = parts.chain();
    seen = new Tensor[group.length];
  }

  /** The bytes that an update of a weight reads and writes. */
  private static final int BYTES = 7 * Float.BYTES;

  /**
   * Those of a rule.
   *
   * @param all its tensors
   * @return null if none of its tensors can be updated so
   */
  static @Nullable SmallRuns of(
      RuleParts parts, AdamSettings adam, Timeline timeline, FusedTensor[] all, StateStore state) {
    boolean isUsual =
        adam.moments == MomentFormat.F32
            && adam.spikeAction != SpikeAction.GAUSSIAN
            && !adam.amsgrad
            && adam.flushesSubnormals
            && parts.nonFinite() != NonFinitePolicy.PROPAGATE
            && parts.chain().isFused();
    if (!isUsual) {
      return null;
    }
    int count = all.length;
    var small = new SmallTensors(count, state.dense(), parts.counts().counts());
    var before = new long[count + 1];
    boolean any = false;
    for (int i = 0; i < count; i++) {
      FusedTensor tensor = all[i];
      boolean isSmall =
          tensor.isOnePiece && SmallLoops.areFor(tensor.count) && !tensor.weights.isStaged();
      if (isSmall) {
        any = true;
        small.weights[i] = tensor.weights.memory();
        small.elements[i] = (int) tensor.count;
        small.first[i] = tensor.moments.first.address() - state.dense().address();
        small.second[i] = tensor.moments.second.address() - state.dense().address();
      }
      before[i + 1] = before[i] + small.elements[i];
    }
    if (!any) {
      return null;
    }
    return new SmallRuns(small, groups(parts.hyperparameters()), before, parts, timeline);
  }

  private static int[] groups(List<Hyperparameters> hyperparameters) {
    Map<Hyperparameters, Integer> known = new HashMap<>();
    return hyperparameters.stream()
        .mapToInt(h -> known.computeIfAbsent(h, _ -> known.size()))
        .toArray();
  }

  /** Whether tensors can be updated together at this step. */
  boolean isFor(StepState step) {
    return !timeline.resetsAt(step.t()); // what resets counts each tensor for itself
  }

  /**
   * The end of the tensors from one on that are updated together; that tensor itself if it cannot
   * be updated so.
   *
   * @param end the most
   */
  int end(StepState step, int from, int end) {
    int k = from;
    while (k < end && hasGradient(step, k) && (k == from || isAlike(step, from, k))) {
      k++;
    }
    return k;
  }

  /** Whether a tensor is small and has a gradient that loops can take; tells them where it lies. */
  private boolean hasGradient(StepState step, int tensor) {
    Tensor gradient = step.gradients[tensor];
    if (gradient != seen[tensor]) {
      see(gradient, tensor);
    }
    return tensors.gradients[tensor] != null;
  }

  private void see(@Nullable Tensor gradient, int tensor) {
    seen[tensor] = gradient;
    boolean isSmall = tensors.elements[tensor] > 0;
    tensors.gradients[tensor] =
        gradient == null || !isSmall || Staging.isStaged(gradient) ? null : gradient.memory();
  }

  /** Whether the coefficients of two tensors are the same. */
  private boolean isAlike(StepState step, int one, int other) {
    return group[one] == group[other]
        && step.updates(one) == step.updates(other)
        && step.updatesSinceReset(one) == step.updatesSinceReset(other)
        && step.learningRates[one] == step.learningRates[other]
        && (chain.isEmpty() || chain.isAlike(one, other));
  }

  /** Where their streams lie. */
  SmallTensors tensors() {
    return tensors;
  }

  /** The bytes that the update of tensors reads and writes. */
  long bytes(int from, int end) {
    return BYTES * (elementsBefore[end] - elementsBefore[from]);
  }
}
