package io.spam4j.engine.internal.decide;

import io.spam4j.engine.checkpoint.SavedMask;
import io.spam4j.engine.internal.kernel.Float32Copy;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which weights of one parameter have moments (sparse momentum: SPAM, arXiv 2501.06842, section
 * 3.3). A selection is made for each interval between resets: first {@link #prepare}, which may
 * fail, then {@link #commit}.
 */
public final class Selection implements AutoCloseable {
  private final AdamSettings adam;
  private final String parameter;
  private final long elements;
  private final long drawn; // weights, or lines, that are drawn from
  private final Supplier<Tensor> weights;
  private final long selected; // of them
  private final double density;
  private final ParallelTasks threads;
  private final Supplier<Arena> arenas;
  private @Nullable Owned<IndexMask> current;
  private @Nullable Owned<IndexMask> next;
  private boolean replaces; // whether commit makes next the current one even if it is null

  /**
   * Selects for the first interval, unless that needs a gradient.
   *
   * @param parameter the name
   * @param weights asked for where they are selected by magnitude
   */
  Selection(
      AdamSettings adam,
      String parameter,
      long elements,
      Supplier<Tensor> weights,
      Hyperparameters h,
      ParallelTasks threads,
      Supplier<Arena> arenas) {
    this.adam = adam;
    this.parameter = parameter;
    this.elements = elements;
    this.weights = weights;
    this.threads = threads;
    this.arenas = arenas;
    density = h.density();
    drawn = Math.ceilDiv(elements, adam.maskSelection.lineLength());
    selected = h.selected(drawn);
    prepare(0, null);
    commit();
  }

  /** The mask of this interval; null before the first gradient, if it is made of gradients. */
  @Nullable IndexMask mask() {
    return current == null ? null : current.value();
  }

  /** How many weights are selected, or will be; of lines, if the last one is not among them. */
  long count() {
    return current == null
        ? Math.min(elements, selected * adam.maskSelection.lineLength())
        : current.value().count();
  }

  /** How many are selected after {@link #commit}. */
  long nextCount() {
    return next == null ? count() : next.value().count();
  }

  /** The selection that {@link #commit} makes the current one; null if nothing changes. */
  @Nullable IndexMask nextMask() {
    return next == null ? null : next.value();
  }

  /** Whether a selection by gradients still waits for the first of them. */
  boolean waits() {
    return current == null;
  }

  /**
   * Makes the selection of an interval, without changing the current one.
   *
   * @param gradient this step's, or null
   */
  void prepare(long interval, @Nullable Tensor gradient) {
    discardNext();
    if (adam.selectsByGradient() && gradient == null) {
      return;
    }
    next = Owned.in(arenas, arena -> draw(arena, interval, gradient));
  }

  private IndexMask draw(Arena arena, long interval, @Nullable Tensor gradient) {
    long n = elements;
    return switch (adam.maskSelection) {
      case MaskSelection.Random(MaskSampling sampling, int length) -> {
        boolean exact =
            sampling == MaskSampling.EXACT
                || (sampling == MaskSampling.EXACT_THEN_BERNOULLI && interval == 0);
        long count = exact ? selected : coins(interval);
        Philox random = stream(adam.seed, parameter, interval);
        IndexMask mask = IndexMask.random(arena, drawn, count, random, threads);
        yield length == 1 ? mask : IndexMask.ofLines(mask, length, n);
      }
      case MaskSelection.Largest largest -> largest(arena, gradient);
      case MaskSelection.LargestLines largest -> largest(arena, gradient);
      case MaskSelection.Given(MaskSelection.IteratorSource source) ->
          given(
              interval,
              source.iterator(parameter, interval),
              "iterator",
              positions -> IndexMask.of(arena, n, positions));
      case MaskSelection.Given(MaskSelection.Source source) ->
          given(
              interval,
              source.positions(parameter, interval),
              "array",
              positions -> IndexMask.of(arena, n, positions));
    };
  }

  private IndexMask largest(Arena arena, @Nullable Tensor gradient) {
    if (!adam.selectsByGradient()) {
      return largestOf(arena, weights.get());
    }
    Tensor given = Objects.requireNonNull(gradient);
    if (given.dtype() == DType.F32) {
      return largestOf(arena, given);
    }
    try (Arena own = arenas.get()) {
      Tensor decoded = Tensor.allocate(own, DType.F32, elements);
      Float32Copy.copy(given, 0, elements, decoded.memory());
      return largestOf(arena, decoded);
    }
  }

  private IndexMask largestOf(Arena arena, Tensor values) {
    int length = adam.maskSelection.lineLength();
    return length == 1
        ? IndexMask.largest(arena, values, selected, threads)
        : IndexMask.largestLines(arena, values, length, selected, threads);
  }

  private <P> IndexMask given(
      long interval, @Nullable P positions, String form, Function<P, IndexMask> encoder) {
    String where = "parameter=" + parameter + ", interval=" + interval;
    if (positions == null) {
      throw new IllegalArgumentException(
          "a source of selections must give positions, none is an empty %s: %s"
              .formatted(form, where));
    }
    try {
      return encoder.apply(positions);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage() + ", " + where, e);
    }
  }

  /** The random numbers of a selection. */
  public static Philox stream(long seed, String parameter, long interval) {
    return Philox.stream(seed, "mask " + parameter, interval);
  }

  /** How many coins fall on their side; given their number, all selections are as likely. */
  private long coins(long interval) {
    Philox random = Philox.stream(adam.seed, "mask size " + parameter, interval);
    long count = 0;
    for (long i = 0; i < drawn; i++) {
      count += random.uniformDouble(i) < density ? 1 : 0;
    }
    return count;
  }

  /** Makes the prepared selection the current one; of a checkpoint also if it is none. */
  void commit() {
    if (next != null || replaces) {
      if (current != null) {
        current.close();
      }
      current = next;
      next = null;
      replaces = false;
    }
  }

  /**
   * Makes the selection of a checkpoint, without changing the current one.
   *
   * @param saved null if it waited for its first gradient
   */
  void prepareRestore(@Nullable SavedMask saved) {
    discardNext();
    if (saved != null) {
      next = Owned.in(arenas, saved::restore);
    }
    replaces = true;
  }

  /** Forgets the prepared selection. */
  void discardNext() {
    replaces = false;
    if (next != null) {
      next.close();
      next = null;
    }
  }

  @Override
  public void close() {
    discardNext();
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
