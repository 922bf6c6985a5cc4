package io.spam4j.engine.internal.transform;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.kernel.UpdateTally;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.MeasurePass;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.internal.simd.Measure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The gradient transforms of an optimizer. Once a step they decide, in order, what happens to each
 * tensor's gradient. The fused update does up to a factor, a clip, a factor and a limit in its own
 * pass ({@link #fuse}); any other chain is done a piece at a time in a copy that stays in cache
 * ({@link #loader}). Both give the same bits.
 */
public final class TransformChain {
  private final List<TransformLink> links;
  private final FusedPlace @Nullable [] places; // one a link; null if they do not fit
  private final int lastMeasuring; // index of the last link that measures; -1 if none does
  private final @Nullable MeasurePass measure;
  private final @Nullable GradientCopies blocks; // for measuring what some links have changed
  private final UpdateTally[] uncounted; // of each participant: those blocks are counted later
  private final MemorySegment @Nullable [] lanes; // of each participant, for norms of rows
  private final float[] remeasureAbove;
  private final GradientStatistics[] statistics; // for each link
  private int through; // of the step at work: how many transforms a block goes through

  /**
   * A chain that has decided nothing yet.
   *
   * @param measure of all gradients; null if nothing needs it
   */
  public TransformChain(
      List<TransformLink> links,
      @Nullable MeasurePass measure,
      int tensors,
      Arena arena,
      int threads) {
    this.links = List.copyOf(links);
    this.measure = measure;
    places = places(links);
    lastMeasuring = lastMeasuring(links);
    blocks =
        loadsBlocks(links) ? new GradientCopies(this.links, Measure.BLOCK, arena, threads) : null;
    if (scalesRows(links)) {
      lanes = new MemorySegment[threads];
      Arrays.setAll(lanes, _ -> arena.allocate(LaneSums.BYTES, 64));
    } else {
      lanes = null;
    }
    uncounted = new UpdateTally[threads];
    Arrays.setAll(uncounted, _ -> new UpdateTally());
    remeasureAbove = new float[tensors];
    statistics = new GradientStatistics[links.size()];
    for (int i = 0; i < statistics.length; i++) {
      TransformLink link = links.get(i);
      statistics[i] = link.sparesAny() ? new SomeStatistics(incoming, link, tensors) : incoming;
    }
  }

  private static int lastMeasuring(List<TransformLink> links) {
    for (int i = links.size() - 1; i >= 0; i--) {
      if (links.get(i).measures()) {
        return i;
      }
    }
    return -1;
  }

  private static boolean loadsBlocks(List<TransformLink> links) {
    return lastMeasuring(links) > 0 || scalesRows(links);
  }

  private static boolean scalesRows(List<TransformLink> links) {
    return links.stream().anyMatch(link -> link.kind() == TransformLink.Kind.ROWS);
  }

  /** The bytes that a chain of these links allocates. */
  public static long bytes(List<TransformLink> links, int threads) {
    return (loadsBlocks(links) ? GradientCopies.bytes(Measure.BLOCK, threads) : 0)
        + (scalesRows(links) ? threads * LaneSums.BYTES : 0);
  }

  /** The first free place for each link; null if some link finds none. */
  private static FusedPlace @Nullable [] places(List<TransformLink> links) {
    FusedPlace[] places = new FusedPlace[links.size()];
    FusedPlace previous = null;
    for (int i = 0; i < places.length; i++) {
      previous = FusedPlace.next(links.get(i).kind(), previous);
      if (previous == null) {
        return null;
      }
      places[i] = previous;
    }
    return places;
  }

  /** Whether the fused update can do all of these transforms. */
  public static boolean isFused(List<TransformLink> links) {
    return places(links) != null;
  }

  /** Whether the fused update can do all of it. */
  public boolean isFused() {
    return places != null;
  }

  /**
   * Whether devices can decide those of these transforms that look at gradients. These look at what
   * the device's own decisions left, not at what was decided beforehand.
   */
  public static boolean isDeviceDecided(List<TransformLink> links) {
    return links.subList(0, lastMeasuring(links) + 1).stream()
        .allMatch(link -> link instanceof DeviceDecided && !link.sparesAny());
  }

  /** The links that a device decides, and those before them that it only has to follow. */
  public List<DeviceDecided> deviceDecided() {
    return links.stream()
        .limit(lastMeasuring + 1L)
        .filter(DeviceDecided.class::isInstance)
        .map(DeviceDecided.class::cast)
        .toList();
  }

  /** Where the fused update does a transform of a chain that it can do. */
  public FusedPlace place(DeviceDecided link) {
    return Objects.requireNonNull(places)[links.indexOf(link)];
  }

  /** The number of transforms. */
  public int size() {
    return links.size();
  }

  public boolean isEmpty() {
    return links.isEmpty();
  }

  /** A loader of pieces of up to so many elements, for rules that work on transformed copies. */
  public GradientCopies loader(int elements, Arena arena, int threads) {
    return new GradientCopies(links, elements, arena, threads);
  }

  /**
   * Adds the state of a tensor, by its names in files. Where a name is taken by another transform,
   * behind this one, or was there before, it has {@code .1} behind, or {@code .2}, and so on.
   */
  public void addScalars(int tensor, Map<String, Double> scalars) {
    for (int i = links.size() - 1; i >= 0; i--) {
      List<String> names = links.get(i).historyNames();
      double[] history = links.get(i).history(tensor);
      for (int k = 0; k < history.length; k++) {
        scalars.put(freeName(names.get(k), scalars.keySet()), history[k]);
      }
    }
  }

  /**
   * Sets the state of a tensor to what {@link #addScalars} said; what is not there to 0.
   *
   * @param taken the names that were there before
   */
  public void restoreScalars(int tensor, Map<String, Double> scalars, Set<String> taken) {
    Set<String> names = new HashSet<>(taken);
    for (int i = links.size() - 1; i >= 0; i--) {
      List<String> own = links.get(i).historyNames();
      double[] history = new double[own.size()];
      for (int k = 0; k < history.length; k++) {
        String free = freeName(own.get(k), names);
        names.add(free);
        history[k] = scalars.getOrDefault(free, 0.0);
      }
      links.get(i).setHistory(tensor, history);
    }
  }

  /**
   * A number that a transform keeps of a tensor.
   *
   * @param name in files
   * @param isCount whether it is whole, and not negative
   * @param isCommon whether it is the same for all tensors
   * @param most that it can be with finite gradients; it is never negative
   * @param count the name of what counts the gradients that it was made of, perhaps itself
   */
  public record Scalar(String name, boolean isCount, boolean isCommon, double most, String count) {}

  /**
   * What {@link #restoreScalars} sets.
   *
   * @param taken the names that were there before
   */
  public List<Scalar> scalars(Set<String> taken) {
    Set<String> names = new HashSet<>(taken);
    List<Scalar> all = new ArrayList<>();
    for (int i = links.size() - 1; i >= 0; i--) {
      TransformLink link = links.get(i);
      List<String> own = link.historyNames();
      List<String> free = own.stream().map(name -> freeName(name, names)).toList();
      names.addAll(free);
      for (int k = 0; k < own.size(); k++) {
        String name = own.get(k);
        String count = free.get(countOf(link, own));
        all.add(
            new Scalar(free.get(k), link.isCount(name), link.isCommon(), link.most(name), count));
      }
    }
    return all;
  }

  private static int countOf(TransformLink link, List<String> names) {
    return IntStream.range(0, names.size())
        .filter(k -> link.isCount(names.get(k)))
        .findFirst()
        .orElseThrow();
  }

  private static String freeName(String name, Set<String> taken) {
    String free = name;
    for (int before = 1; taken.contains(free); before++) {
      free = name + "." + before;
    }
    return free;
  }

  /**
   * Counts, with what is not finite as it is measured, what becomes so by the factors before all
   * else; those behind other transforms are known too late.
   */
  public void countTooLarge(@Nullable Tensor[] gradients) {
    int first = 0;
    while (first < links.size() && links.get(first) instanceof ScaleLink) {
      first++;
    }
    for (int i = 0; i < gradients.length && first > 0; i++) {
      Tensor gradient = gradients[i];
      MeasurePass pass = Objects.requireNonNull(measure);
      if (gradient != null && !Float.isFinite(scaled(pass.maxAbs(i), i, first))) {
        pass.addNonFinite(i, countTooLarge(gradient, i, first));
      }
    }
  }

  private long countTooLarge(Tensor gradient, int tensor, int scales) {
    long count = 0;
    for (long i = 0; i < gradient.elements(); i++) {
      float value = gradient.getFloat(i);
      boolean isTooLarge = Float.isFinite(value) && !Float.isFinite(scaled(value, tensor, scales));
      count += isTooLarge ? 1 : 0;
    }
    return count;
  }

  /** A coordinate after the first transforms, which are factors. */
  private float scaled(float value, int tensor, int scales) {
    float scaled = value;
    for (int i = 0; i < scales; i++) {
      scaled *= links.get(i).effect(tensor).scale;
    }
    return scaled;
  }

  /** Whether a transform can make a coordinate infinite. */
  public static boolean enlarges(List<TransformLink> links) {
    return links.stream().anyMatch(TransformLink::enlarges);
  }

  /** Decides what happens to this step's gradients, which are measured already if need be. */
  public void decide(StepState step) {
    for (int i = 0; i < links.size(); i++) {
      through = i;
      links.get(i).decide(step, statistics[i]);
      if (i < lastMeasuring) {
        through = i + 1;
        measureAgain(links.get(i));
      }
    }
  }

  /** Brings the statistics to what a link leaves: by its factor, or where it changed something. */
  private void measureAgain(TransformLink link) {
    MeasurePass pass = Objects.requireNonNull(measure);
    for (int i = 0; i < remeasureAbove.length; i++) {
      switch (link.kind()) {
        case SCALE -> {
          pass.scale(i, link.effect(i).scale);
          remeasureAbove[i] = Float.MAX_VALUE; // what is no float any more is left out
        }
        case CLIP, LIMIT -> remeasureAbove[i] = link.effect(i).changesAbove();
        case ROWS -> remeasureAbove[i] = link.isSpared(i) ? Float.POSITIVE_INFINITY : -1;
      }
    }
    if (link.kind() != TransformLink.Kind.SCALE || link.enlarges()) {
      pass.again(changed);
    }
  }

  /** A block of a gradient after the transforms that have decided. */
  private MemorySegment block(Tensor gradient, int tensor, long from, long to, int participant) {
    return Objects.requireNonNull(blocks)
        .load(gradient, tensor, from, to, through, uncounted[participant], participant);
  }

  private final MeasurePass.ChangedBlocks changed =
      new MeasurePass.ChangedBlocks() {
        @Override
        public float above(int tensor) {
          return remeasureAbove[tensor];
        }

        @Override
        public MemorySegment block(
            Tensor gradient, int tensor, long from, long to, int participant) {
          return TransformChain.this.block(gradient, tensor, from, to, participant);
        }
      };

  private final GradientStatistics incoming =
      new GradientStatistics() {
        @Override
        public boolean isKnown(int tensor) {
          return Objects.requireNonNull(measure).isKnown(tensor);
        }

        @Override
        public float maxAbs(int tensor) {
          return Objects.requireNonNull(measure).maxAbs(tensor);
        }

        @Override
        public double sumOfSquares(int tensor) {
          return Objects.requireNonNull(measure).sumOfSquares(tensor);
        }

        @Override
        public double totalSumOfSquares() {
          return Objects.requireNonNull(measure).totalSumOfSquares();
        }

        @Override
        public double sumOfSquares(MemorySegment values, long from, long to, int participant) {
          MemorySegment room = Objects.requireNonNull(lanes)[participant];
          return LaneSums.ofSquares(values, from, to, /* onlyFinite= */ false, room);
        }

        @Override
        public double sumOfSquares(
            Tensor gradient, int tensor, long from, long to, boolean onlyFinite, int participant) {
          double sum = 0;
          for (long start = from; start < to; start += Measure.BLOCK) {
            long end = Math.min(to, start + Measure.BLOCK);
            MemorySegment room = Objects.requireNonNull(lanes)[participant];
            if (through == 0 && gradient.dtype() == DType.F32) {
              sum += LaneSums.ofSquares(gradient.memory(), start, end, onlyFinite, room);
            } else {
              MemorySegment values = block(gradient, tensor, start, end, participant);
              sum += LaneSums.ofSquares(values, 0, end - start, onlyFinite, room);
            }
          }
          return sum;
        }
      };

  /** Hands a tensor's transforms over to the fused update; the limit only gets tighter. */
  public void fuse(int tensor, UpdateCoefficients c) {
    FusedPlace[] fused = Objects.requireNonNull(places);
    FusedPlace.clear(c);
    for (int i = 0; i < fused.length; i++) {
      fused[i].put(links.get(i).effect(tensor), c);
    }
  }

  /** Whether the fused update does the same to the gradients of two tensors. */
  public boolean isAlike(int one, int other) {
    for (int i = 0; i < links.size(); i++) { // an iterator would be garbage in each step
      if (!links.get(i).effect(one).isAlike(links.get(i).effect(other))) {
        return false;
      }
    }
    return true;
  }

  /** The product of the factors that are the same for a whole tensor. */
  public double scale(int tensor) {
    double scale = 1;
    for (int i = 0; i < links.size(); i++) { // an iterator would be garbage in each step
      scale *= links.get(i).effect(tensor).scale;
    }
    return scale;
  }
}
