package io.spam4j.engine.optimizers;

import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.Selection;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.engine.internal.state.StateShape;
import io.spam4j.engine.internal.step.Algorithm;
import io.spam4j.engine.internal.step.Compatibility;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.step.MemoryOutline;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorSlab;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** The bytes that an optimizer would allocate, see {@link OptimizerBuilder#plannedMemory}. */
final class PlannedMemory {
  private final Configuration configuration;
  private final Algorithm algorithm;
  private final DType weights;
  private final TensorSlab slab = new TensorSlab(); // of what StateStore allocates together
  private long moments;
  private long index;

  private PlannedMemory(Configuration configuration, DType weights) {
    this.configuration = configuration;
    this.weights = weights;
    algorithm = configuration.algorithm();
  }

  /**
   * What a configuration needs.
   *
   * @param shapes of the parameters, by name
   * @param weights their type
   * @throws IllegalArgumentException if something does not go together
   */
  static MemoryReport of(Configuration configuration, Map<String, long[]> shapes, DType weights) {
    List<String> names = List.copyOf(shapes.keySet());
    Compatibility.require(configuration, names, Collections.nCopies(names.size(), weights));
    var planned = new PlannedMemory(configuration, weights);
    Iterator<Hyperparameters> hyperparameters = configuration.hyperparameters().iterator();
    shapes.forEach((name, shape) -> planned.add(name, shape, hyperparameters.next()));
    long scratch = planned.slab.gapBytes() + planned.scratchBytes(shapes);
    return new MemoryReport(planned.moments, planned.index, scratch);
  }

  /** The state of the next parameter. */
  private void add(String name, long[] shape, Hyperparameters h) {
    long[] packed = shape;
    if (h.isSparse()) {
      long elements = Tensor.elements(shape);
      packed = new long[] {addIndex(name, elements, h)};
    }
    for (StateShape state : algorithm.layout().of(name, weights, shape, packed).values()) {
      moments += state.bytes();
      if (!h.isSparse()) {
        state.addTo(slab);
      }
    }
  }

  /** The bytes of a selection at random; returns how many weights it selects. */
  private long addIndex(String name, long elements, Hyperparameters h) {
    int length = algorithm.lineLength();
    long drawn = Math.ceilDiv(elements, length);
    try (Arena arena = configuration.arenas().get()) {
      Philox random = Selection.stream(algorithm.seed(), name, 0);
      var threads = new ParallelTasks(configuration.threads());
      IndexMask mask = IndexMask.random(arena, drawn, h.selected(drawn), random, threads);
      index += mask.bytes();
      return length == 1 ? mask.count() : IndexMask.ofLines(mask, length, elements).count();
    }
  }

  private long scratchBytes(Map<String, long[]> shapes) {
    long[] elements = shapes.values().stream().mapToLong(Tensor::elements).toArray();
    int threads = Math.min(configuration.threads(), WorkPlan.of(elements).units());
    List<TransformLink> links = configuration.links(List.of(), List.of(), threads);
    boolean measures =
        configuration.nonFinite().measures() || links.stream().anyMatch(TransformLink::measures);
    var outline =
        new MemoryOutline(
            shapes,
            weights,
            !links.isEmpty(),
            TransformChain.isFused(links),
            configuration.hyperparameters().stream().anyMatch(Hyperparameters::isSparse),
            threads);
    return (measures ? MeasurePass.bytes(elements, threads) : 0)
        + TransformChain.bytes(links, threads)
        + algorithm.scratch().bytes(outline);
  }
}
