package io.spam4j.engine.internal.apply;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.Selections;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.memory.CountedArenas.Use;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Moments for some of the weights only, packed in ascending order of the selected positions (sparse
 * momentum: SPAM, arXiv 2501.06842, section 3.3): which of them, from interval to interval.
 */
final class SparseMoments implements AutoCloseable {
  private final RuleParts parts;
  private final AdamSettings adam;
  private final Selections selections;
  private final StateStore state;
  private final boolean any; // else no step has anything to do here

  SparseMoments(RuleParts parts, AdamSettings adam) {
    this.parts = parts;
    this.adam = adam;
    any = parts.hyperparameters().stream().anyMatch(Hyperparameters::isSparse);
    selections = selections();
    try {
      state = new StateStore(parts.layout(), parts.parameters(), counts(), parts.memory());
    } catch (RuntimeException | Error e) {
      selections.close();
      throw e;
    }
  }

  private Selections selections() {
    List<Parameter> parameters = parts.parameters();
    return new Selections(
        adam,
        parameters.stream().map(Parameter::name).toList(),
        parts.elements(),
        parts.hyperparameters(),
        i -> inPlace(parameters.get(i)),
        (i, step) -> Objects.requireNonNull(step.gradients[i]),
        new ParallelTasks(parts.threads()),
        parts.memory().arenas(Use.INDEX));
  }

  /** Weights to select among, also of a parameter that has no gradient at this step. */
  private static Tensor inPlace(Parameter parameter) {
    parameter.inPlace().run();
    return parameter.weights();
  }

  /** How many weights of each tensor have moments; empty for all. */
  private List<OptionalLong> counts() {
    List<OptionalLong> counts = new ArrayList<>();
    for (int i = 0; i < tensors(); i++) {
      counts.add(isSparse(i) ? OptionalLong.of(selections.count(i)) : OptionalLong.empty());
    }
    return counts;
  }

  /** The state of all tensors, dense ones included. */
  StateStore state() {
    return state;
  }

  /** Whether any tensor is sparse. */
  boolean any() {
    return any;
  }

  boolean isSparse(int tensor) {
    return selections.isSparse(tensor);
  }

  /** The selection of a tensor; null if it is dense, or waits for its first gradient. */
  @Nullable IndexMask mask(int tensor) {
    return selections.mask(tensor);
  }

  /** Whether a reset at this step leaves the moments of weights that are selected again. */
  boolean keepsMoments(int tensor, StepState step) {
    return isSparse(tensor) && adam.keepsSelectedMoments(step.has(tensor));
  }

  /**
   * How many elements of each tensor a step works on, once what is prepared is committed. A
   * selection of nothing counts as one, so that there is a piece in which unselected weights move.
   */
  long[] plannedElements() {
    long[] elements = parts.elements();
    for (int i = 0; i < elements.length; i++) {
      elements[i] = isSparse(i) ? Math.max(1, selections.nextCount(i)) : elements[i];
    }
    return elements;
  }

  /**
   * Draws new selections if this step starts an interval, and makes room for their moments. If that
   * fails, {@link #discardPrepared} has to follow.
   *
   * @return whether some tensor will have another number of moments
   */
  boolean prepare(StepState step, Timeline timeline) {
    if (!any) {
      return false;
    }
    selections.prepare(step, timeline);
    boolean resizes = false;
    for (int i = 0; i < tensors(); i++) {
      boolean resized = selections.nextCount(i) != selections.count(i);
      resizes |= resized;
      IndexMask next = selections.nextMask(i);
      if (next != null && (resized || keepsMoments(i, step))) {
        state.preparePacked(i, next.count());
        carry(i, next, step);
      }
    }
    return resizes;
  }

  private int tensors() {
    return parts.parameters().size();
  }

  /** Forgets the selections that were prepared, and their moments. */
  void discardPrepared() {
    selections.discard();
    for (int i = 0; i < tensors(); i++) {
      state.discardPrepared(i);
    }
  }

  /**
   * Makes the selections that were prepared, for a step or of a checkpoint, the current ones.
   *
   * @param moved told of each tensor whose state lies elsewhere now
   */
  void commit(IntConsumer moved) {
    if (!any) {
      return;
    }
    selections.commit();
    for (int i = 0; i < tensors(); i++) {
      if (state.prepared(i) != null) {
        state.commitPrepared(i);
        moved.accept(i);
      }
    }
  }

  /** Copies the moments of weights that stay selected to those prepared, if they are kept. */
  private void carry(int tensor, IndexMask next, StepState step) {
    IndexMask old = mask(tensor);
    SequencedMap<String, Tensor> prepared = state.prepared(tensor);
    if (old != null && prepared != null && keepsMoments(tensor, step)) {
      carry(state.of(tensor), prepared, old, next);
    }
  }

  /**
   * Makes the selections of a checkpoint, and room for their moments. A parameter that starts
   * afresh keeps its selection.
   */
  void prepareRestore(List<@Nullable ParameterState> sources) {
    discardPrepared();
    selections.prepareRestore(sources);
    for (int i = 0; i < tensors(); i++) {
      if (isSparse(i) && sources.get(i) != null) {
        state.preparePacked(i, selections.nextCount(i));
      }
    }
  }

  private static void carry(
      SequencedMap<String, Tensor> from,
      SequencedMap<String, Tensor> to,
      IndexMask old,
      IndexMask next) {
    for (var state : from.entrySet()) {
      if (state.getKey().equals(StateNames.LOW)) {
        continue; // belongs to the weights, and stays
      }
      MemorySegment source = state.getValue().memory();
      MemorySegment target = Objects.requireNonNull(to.get(state.getKey())).memory();
      // Lines as long are carried whole; the last one of a tensor, which is last in both, may be
      // shorter.
      boolean areLines = old.lineLength() == next.lineLength();
      long bytes = state.getValue().dtype().bytes(areLines ? next.lineLength() : 1);
      IndexMask.forEachCommon(
          areLines ? old.lines() : old,
          areLines ? next.lines() : next,
          (before, after) -> {
            long some = Math.min(bytes, target.byteSize() - after * bytes);
            MemorySegment.copy(source, before * bytes, target, after * bytes, some);
          });
    }
  }

  @Override
  public void close() {
    selections.close();
    state.close();
  }
}
