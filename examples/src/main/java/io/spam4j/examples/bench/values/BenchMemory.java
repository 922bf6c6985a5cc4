package io.spam4j.examples.bench.values;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.roofline.StreamLimit;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Philox;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorSlab;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the arms of a size share: weights, gradients that stay the same from step to step, memory
 * for their limits, and, when an arm needs them, copies in heap arrays.
 */
public final class BenchMemory implements BenchValues, AutoCloseable {
  /* Random numbers repeat after this many: drawing 67 million takes seconds. */
  private static final int PERIOD = 1 << 18;
  private static final float WEIGHT_SCALE = 0.04f;

  private final Arena arena = Arena.ofShared();
  private final long[] elements;
  private final int threads;
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();
  private final Map<String, Tensor> gradientsByName = new HashMap<>();
  private MemorySegment limits = MemorySegment.NULL;
  private @Nullable HeapValues heap;

  /**
   * Allocates weights and gradients.
   *
   * @param elements of each tensor
   * @param threads of every arm that can choose
   */
  public BenchMemory(long[] elements, int threads) {
    this.elements = elements.clone();
    this.threads = threads;
    List<Tensor> allWeights = allocate(elements);
    List<Tensor> allGradients = allocate(elements);
    for (int i = 0; i < elements.length; i++) {
      Tensor w = allWeights.get(i);
      Tensor g = allGradients.get(i);
      fill(w, Philox.stream(1, "bench weights", i), WEIGHT_SCALE);
      fill(g, Philox.stream(1, "bench gradients", i), 1);
      weights.add(w);
      gradients.add(g);
      gradientsByName.put(name(i), g);
    }
  }

  private List<Tensor> allocate(long[] sizes) {
    var slab = new TensorSlab();
    for (long size : sizes) {
      slab.add(DType.F32, size);
    }
    return slab.allocate(arena);
  }

  /** Uniform numbers between minus and plus half the scale; none is 0. */
  private static void fill(Tensor tensor, Philox random, float scale) {
    long n = tensor.elements();
    for (long i = 0; i < Math.min(n, PERIOD); i++) {
      float u = random.uniform(i) - 0.5f;
      tensor.setFloat(i, scale * (u == 0 ? 0.5f : u));
    }
    MemorySegment memory = tensor.memory();
    long period = (long) PERIOD * Float.BYTES;
    for (long at = period; at < memory.byteSize(); at += period) {
      MemorySegment.copy(memory, 0, memory, at, Math.min(period, memory.byteSize() - at));
    }
  }

  /** The name of a tensor as a parameter. */
  public static String name(int tensor) {
    return "w" + tensor;
  }

  public long[] elements() {
    return elements.clone();
  }

  public long weights() {
    return Arrays.stream(elements).sum();
  }

  public int threads() {
    return threads;
  }

  public MemorySegment weightMemory(int tensor) {
    return weights.get(tensor).memory();
  }

  public MemorySegment gradientMemory(int tensor) {
    return gradients.get(tensor).memory();
  }

  /** Zeros outside the heap that live as long as this. */
  public MemorySegment allocate(long bytes) {
    return Tensor.allocate(arena, DType.I8, bytes).memory();
  }

  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < elements.length; i++) {
      parameters.add(new Parameter(name(i), weights.get(i)));
    }
    return parameters;
  }

  public Gradients gradients() {
    return Gradients.of(gradientsByName);
  }

  /** The same by the numbers of parameters. */
  public Gradients gradientsByIndex() {
    return Gradients.byIndex(gradients);
  }

  /** Copies of weights and gradients on the heap, the same at every call. */
  public HeapValues onHeap() {
    HeapValues made = heap;
    if (made == null) {
      made = HeapValues.copyOf(this);
      heap = made;
    }
    return made;
  }

  /**
   * Allocates what the limits of arms work on, all on the same memory.
   *
   * @param readBytes the most that any of them reads, a weight
   */
  public void allocateLimits(double readBytes) {
    limits = allocate(StreamLimit.bytes(weights(), readBytes));
  }

  public long limitBytes() {
    return limits.byteSize();
  }

  /** Whether the memory of limits is as it was allocated. */
  public boolean areLimitsZero() {
    for (long at = 0; at < limits.byteSize(); at += Long.BYTES) {
      if (limits.get(JAVA_LONG, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** The limit of an arm; over all tensors as one. */
  public StreamLimit limit(Traffic traffic) {
    return StreamLimit.of(limits, weights(), traffic.read(), traffic.written(), threads);
  }

  @Override
  public int tensors() {
    return elements.length;
  }

  @Override
  public long elements(int tensor) {
    return elements[tensor];
  }

  @Override
  public float weight(int tensor, long i) {
    return weightMemory(tensor).getAtIndex(JAVA_FLOAT, i);
  }

  @Override
  public float gradient(int tensor, long i) {
    return gradientMemory(tensor).getAtIndex(JAVA_FLOAT, i);
  }

  @Override
  public void setGradient(int tensor, long i, float value) {
    gradientMemory(tensor).setAtIndex(JAVA_FLOAT, i, value);
  }

  /** Frees everything. */
  @Override
  public void close() {
    arena.close();
  }
}
