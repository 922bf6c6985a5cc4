package io.spam4j.engine.internal.state;

import io.spam4j.engine.Parameter;
import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
import io.spam4j.engine.internal.decide.StateNames;
import io.spam4j.engine.internal.memory.CountedArenas;
import io.spam4j.engine.internal.memory.CountedArenas.Use;
import io.spam4j.engine.internal.memory.Owned;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorSlab;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The state tensors of all parameters, by their names in files; zero at first, freed on close. */
public final class StateStore implements AutoCloseable {
  /** Which state an optimizer keeps of a parameter. */
  @FunctionalInterface
  public interface Layout {
    /**
     * The state tensors by their names.
     *
     * @param parameter the name
     * @param weights their type
     * @param shape of the weights
     * @param moments the same, or, where only some weights are selected, their number
     */
    SequencedMap<String, StateShape> of(
        String parameter, DType weights, long[] shape, long[] moments);

    /** The same as what a checkpoint must hold. */
    default SequencedMap<String, TensorType> types(
        String parameter, DType weights, long[] shape, long[] moments) {
      SequencedMap<String, TensorType> types = new LinkedHashMap<>();
      of(parameter, weights, shape, moments)
          .forEach((name, tensor) -> types.put(name, tensor.type()));
      return types;
    }
  }

  /** The state of optimizers that keep {@link DType#F32}, for all weights. */
  @FunctionalInterface
  public interface FloatLayout {
    /**
     * The names and shapes of the state tensors.
     *
     * @param parameter the name
     * @param shape of the weights
     */
    SequencedMap<String, long[]> shapes(String parameter, long[] shape);

    /** The same as a {@link Layout}, with the low halves of bfloat16 weights that are exact. */
    default Layout layout(WeightRounding rounding) {
      return (parameter, weights, shape, _) -> {
        SequencedMap<String, StateShape> tensors = new LinkedHashMap<>();
        shapes(parameter, shape)
            .forEach((name, extents) -> tensors.put(name, StateShape.of(DType.F32, extents)));
        if (MomentLayout.keepsLow(rounding, weights)) {
          tensors.put(StateNames.LOW, StateShape.ofWeights(DType.I16, shape));
        }
        return tensors;
      };
    }

    /** The same for optimizers whose weights are float32. */
    default Layout layout() {
      return layout(WeightRounding.STOCHASTIC);
    }
  }

  /** A parameter's state; the arena is null if it is the one that all share. */
  private record Slot(@Nullable Arena own, SequencedMap<String, Tensor> tensors) {}

  private final Layout layout;
  private final List<Parameter> parameters;
  private final Arena shared; // for state that keeps its shape
  private final Supplier<Arena> arenas; // for state that does not
  private final List<Slot> slots = new ArrayList<>();
  private final @Nullable Slot[] prepared; // of each parameter
  private MemorySegment dense = MemorySegment.NULL;

  /**
   * The state of parameters, zero.
   *
   * @param selected how many weights of each parameter have moments for now; empty where all have,
   *     always
   * @param memory state that keeps its shape stays until its end
   * @throws OutOfMemoryError if there is no memory; nothing is held then but what stays
   */
  public StateStore(
      Layout layout,
      List<Parameter> parameters,
      List<OptionalLong> selected,
      CountedArenas memory) {
    this.layout = layout;
    this.parameters = parameters;
    shared = memory.lasting(Use.MOMENTS);
    arenas = memory.arenas(Use.MOMENTS);
    prepared = new Slot[parameters.size()];
    Iterator<Slot> dense = allocateDense(selected, memory).iterator();
    try {
      for (int i = 0; i < parameters.size(); i++) {
        OptionalLong count = selected.get(i);
        slots.add(count.isEmpty() ? dense.next() : allocatePacked(i, count.getAsLong(), Map.of()));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** How many weights have moments where all have. */
  public static List<OptionalLong> all(List<Parameter> parameters) {
    return Collections.nCopies(parameters.size(), OptionalLong.empty());
  }

  /** The state of the parameters that are not packed, in one piece of memory. */
  private List<Slot> allocateDense(List<OptionalLong> selected, CountedArenas memory) {
    List<SequencedMap<String, StateShape>> shapes = new ArrayList<>();
    var slab = new TensorSlab();
    for (int i = 0; i < parameters.size(); i++) {
      if (selected.get(i).isEmpty()) {
        shapes.add(shapes(i, shapeOf(i)));
        shapes.getLast().values().forEach(shape -> shape.addTo(slab));
      }
    }
    if (shapes.isEmpty()) {
      return List.of();
    }
    dense = Tensor.allocate(shared, DType.I8, slab.bytes()).memory();
    Iterator<Tensor> all = slab.in(dense).iterator();
    memory.move(slab.gapBytes(), Use.MOMENTS, Use.SCRATCH);
    List<Slot> dense = new ArrayList<>();
    for (SequencedMap<String, StateShape> ofOne : shapes) {
      SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
      ofOne.keySet().forEach(name -> tensors.put(name, all.next()));
      dense.add(new Slot(null, Collections.unmodifiableSequencedMap(tensors)));
    }
    return dense;
  }

  private long[] shapeOf(int tensor) {
    return parameters.get(tensor).weights().shape();
  }

  private SequencedMap<String, StateShape> shapes(int tensor, long[] moments) {
    Parameter parameter = parameters.get(tensor);
    return layout.of(parameter.name(), parameter.weights().dtype(), shapeOf(tensor), moments);
  }

  /**
   * Makes room for so many moments of a packed parameter, zero, beside those it has.
   *
   * @throws OutOfMemoryError if there is no memory; the state is as before
   */
  public void preparePacked(int tensor, long count) {
    discardPrepared(tensor);
    prepared[tensor] = allocatePacked(tensor, count, of(tensor));
  }

  /** What was prepared for a parameter; null if nothing was. */
  public @Nullable SequencedMap<String, Tensor> prepared(int tensor) {
    Slot slot = prepared[tensor];
    return slot == null ? null : slot.tensors();
  }

  /** Makes what was prepared the parameter's state; the old one is freed. */
  public void commitPrepared(int tensor) {
    Slot next = prepared[tensor];
    if (next != null) {
      prepared[tensor] = null;
      closeOwn(slots.set(tensor, next));
    }
  }

  /** Frees what was prepared for a parameter, if anything was. */
  public void discardPrepared(int tensor) {
    Slot slot = prepared[tensor];
    if (slot != null) {
      prepared[tensor] = null;
      closeOwn(slot);
    }
  }

  private Slot allocatePacked(int tensor, long count, Map<String, Tensor> before) {
    var own = Owned.in(arenas, arena -> allocate(tensor, new long[] {count}, arena, before));
    return new Slot(own.arena(), own.value());
  }

  /** Allocates what is not there before, or does not stay. */
  private SequencedMap<String, Tensor> allocate(
      int tensor, long[] moments, Arena arena, Map<String, Tensor> before) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    shapes(tensor, moments)
        .forEach(
            (name, shape) -> {
              Tensor old = shape.staysWithWeights() ? before.get(name) : null;
              Arena of = shape.staysWithWeights() ? shared : arena;
              tensors.put(name, old == null ? shape.allocate(of) : old);
            });
    return Collections.unmodifiableSequencedMap(tensors);
  }

  /** The memory in which all state lies that is not packed, as long as this lives. */
  public MemorySegment dense() {
    return dense;
  }

  /** A parameter's state. */
  public SequencedMap<String, Tensor> of(int tensor) {
    return slots.get(tensor).tensors();
  }

  @Override
  public void close() {
    slots.forEach(StateStore::closeOwn);
    slots.clear();
    for (int i = 0; i < prepared.length; i++) {
      discardPrepared(i);
    }
  }

  private static void closeOwn(Slot slot) {
    if (slot.own() != null) {
      slot.own().close();
    }
  }
}
