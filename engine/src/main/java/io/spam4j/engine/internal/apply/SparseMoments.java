package io.spam4j.engine.internal.apply;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.engine.checkpoint.SavedMask;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.Selection;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.memory.CountedArenas.Use;
import io.spam4j.engine.internal.state.StateStore;
import io.spam4j.engine.internal.step.RuleParts;
import io.spam4j.engine.internal.transform.GradientCopies;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Moments for some of the weights only, packed in ascending order of the selected positions (sparse
 * momentum: SPAM, arXiv 2501.06842, section 3.3). Selected weights and their gradients are gathered
 * a block at a time into memory that stays in cache, where the fused update takes them for a small
 * dense tensor.
 */
final class SparseMoments implements AutoCloseable {
  private final RuleParts parts;
  private final AdamSettings adam;
  private final @Nullable Selection[] selections; // of each tensor; null where it is dense
  private final StateStore state;
  private final GatheredBlock[] workspaces; // of each participant; none if all tensors are dense

  SparseMoments(RuleParts parts, AdamSettings adam, int copiedLinks) {
    this.parts = parts;
    this.adam = adam;
    int count = parts.parameters().size();
    selections = new Selection[count];
    boolean any = parts.hyperparameters().stream().anyMatch(Hyperparameters::isSparse);
    workspaces = new GatheredBlock[any ? parts.threads() : 0];
    try {
      drawSelections();
      makeWorkspaces(copiedLinks);
      state = new StateStore(parts.layout(), parts.parameters(), counts(), parts.memory());
    } catch (RuntimeException | Error e) {
      closeSelections();
      throw e;
    }
  }

  private void drawSelections() {
    var threads = new ParallelTasks(parts.threads());
    for (int i = 0; i < selections.length; i++) {
      Hyperparameters h = parts.hyperparameters().get(i);
      if (h.isSparse()) {
        Parameter parameter = parts.parameters().get(i);
        adam.requireResetBeforeUpdate(parameter.name(), h);
        adam.requireSparseForms(parameter);
        selections[i] =
            new Selection(
                adam,
                parameter.name(),
                parameter.weights().elements(),
                parameter::weights,
                h,
                threads,
                parts.memory().arenas(Use.INDEX));
      }
    }
  }

  /** How many weights of each tensor have moments; empty for all. */
  private List<OptionalLong> counts() {
    List<OptionalLong> counts = new ArrayList<>();
    for (Selection selection : selections) {
      counts.add(selection == null ? OptionalLong.empty() : OptionalLong.of(selection.count()));
    }
    return counts;
  }

  /** The state of all tensors, dense ones included. */
  StateStore state() {
    return state;
  }

  private void makeWorkspaces(int copiedLinks) {
    int count = workspaces.length;
    GradientCopies blocks = parts.chain().loader(GatheredBlock.ROOM, parts.arena(), count);
    GradientCopies pieces =
        parts.chain().loader(WorkPlan.UNIT, parts.arena(), movesUnselected() ? count : 0);
    Arrays.setAll(workspaces, i -> new GatheredBlock(parts, adam, i, copiedLinks, blocks, pieces));
  }

  /** The bytes of working memory that are allocated if any tensor is sparse. */
  static long scratchBytes(AdamSettings adam, int threads) {
    long blocks =
        threads * GatheredBlock.WEIGHT_BYTES + GradientCopies.bytes(GatheredBlock.ROOM, threads);
    return blocks + (adam.movesUnselected() ? GradientCopies.bytes(WorkPlan.UNIT, threads) : 0);
  }

  boolean isSparse(int tensor) {
    return selections[tensor] != null;
  }

  /** The selection of a tensor; null if it is dense, or waits for its first gradient. */
  @Nullable IndexMask mask(int tensor) {
    Selection selection = selections[tensor];
    return selection == null ? null : selection.mask();
  }

  /** How many weights of a sparse tensor have moments. */
  long count(int tensor) {
    Selection selection = selections[tensor];
    return selection == null ? 0 : selection.count();
  }

  /** Whether a reset at this step leaves the moments of weights that are selected again. */
  boolean keepsMoments(int tensor, StepState step) {
    return isSparse(tensor) && adam.keepsSelectedMoments(step.has(tensor));
  }

  /** Whether weights without moments change too. */
  boolean movesUnselected(int tensor) {
    return isSparse(tensor) && movesUnselected();
  }

  private boolean movesUnselected() {
    return adam.movesUnselected();
  }

  /**
   * How many elements of each tensor a step works on, once what is prepared is committed. A
   * selection of nothing counts as one, so that there is a piece in which unselected weights move.
   */
  long[] plannedElements() {
    long[] elements = parts.elements();
    for (int i = 0; i < elements.length; i++) {
      Selection selection = selections[i];
      elements[i] = selection == null ? elements[i] : Math.max(1, selection.nextCount());
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
    boolean resizes = false;
    boolean changes = timeline.startsInterval(step.t());
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null && (changes || selection.waits())) {
        selection.prepare(timeline.interval(step.t()), step.gradients[i]);
        boolean resized = selection.nextCount() != selection.count();
        resizes |= resized;
        if (selection.nextMask() != null && (resized || keepsMoments(i, step))) {
          state.preparePacked(i, selection.nextCount());
          carry(i, selection, step);
        }
      }
    }
    return resizes;
  }

  /** Forgets the selections that were prepared, and their moments. */
  void discardPrepared() {
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null) {
        selection.discardNext();
        state.discardPrepared(i);
      }
    }
  }

  /**
   * Makes the selections that were prepared for a step the current ones.
   *
   * @param moved told of each tensor whose state lies elsewhere now
   */
  void commit(IntConsumer moved) {
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null && selection.nextMask() != null) {
        if (state.prepared(i) != null) {
          state.commitPrepared(i);
          moved.accept(i);
        }
        selection.commit();
      }
    }
  }

  /** Copies the moments of weights that stay selected to those prepared, if they are kept. */
  private void carry(int tensor, Selection selection, StepState step) {
    IndexMask old = selection.mask();
    IndexMask next = selection.nextMask();
    SequencedMap<String, Tensor> prepared = state.prepared(tensor);
    if (old != null && next != null && prepared != null && keepsMoments(tensor, step)) {
      carry(state.of(tensor), prepared, old, next);
    }
  }

  /**
   * Makes the selections of a checkpoint, and room for their moments. A parameter that starts
   * afresh keeps its selection.
   */
  void prepareRestore(List<@Nullable ParameterState> sources) {
    discardPrepared();
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      ParameterState source = sources.get(i);
      if (selection != null && source != null) {
        SavedMask saved = source.mask().orElse(null);
        selection.prepareRestore(saved);
        state.preparePacked(i, selection.nextCount());
      }
    }
  }

  /** Makes the selections of a checkpoint the current ones; their moments are in place. */
  void commitRestore() {
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null && state.prepared(i) != null) {
        state.commitPrepared(i);
        selection.commitRestore();
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
      long bytes = state.getValue().dtype().bytes(1);
      IndexMask.forEachCommon(
          old,
          next,
          (before, after) ->
              MemorySegment.copy(source, before * bytes, target, after * bytes, bytes));
    }
  }

  GatheredBlock workspace(int participant) {
    return workspaces[participant];
  }

  @Override
  public void close() {
    closeSelections();
    state.close();
  }

  private void closeSelections() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.close();
      }
    }
  }
}
