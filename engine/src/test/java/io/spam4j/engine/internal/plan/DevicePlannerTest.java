package io.spam4j.engine.internal.plan;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.NoCopies;
import io.spam4j.engine.checkpoint.CheckpointMismatchException;
import io.spam4j.engine.checkpoint.LoadOptions;
import io.spam4j.engine.checkpoint.SaveOptions;
import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.device.RestoredState;
import io.spam4j.engine.device.StepPlanner;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.TestArenas;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a planner holds; that it decides as the CPU does is shown where devices are. */
final class DevicePlannerTest {
  @TempDir private Path folder;
  private final List<Arena> arenas = new ArrayList<>();

  private Arena arena() {
    arenas.add(Arena.ofShared());
    return arenas.getLast();
  }

  private static SequencedMap<String, long[]> shapes() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("a", new long[] {10, 10});
    shapes.put("b", new long[] {7});
    return shapes;
  }

  @Test
  void planner_thatIsRefusedHoldsNothing() {
    var settings = TestArenas.in(this::arena, Spam.builder().density(0.5).resetInterval(-1));
    assertThatThrownBy(() -> settings.planner(shapes(), new NoCopies()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("resetInterval must not be negative: resetInterval=-1");
    assertThat(arenas).noneMatch(arena -> arena.scope().isAlive());
  }

  @Test
  void planner_holdsItsSelectionsUntilItIsClosed() {
    var settings = TestArenas.in(this::arena, Spam.builder().density(0.5));
    try (var planner = settings.planner(shapes(), new NoCopies())) {
      assertThat(planner.moments(0)).isEqualTo(50);
      assertThat(planner.mask(1).orElseThrow().count()).isEqualTo(3);
      assertThat(arenas).anyMatch(arena -> arena.scope().isAlive());
    }
    assertThat(arenas).noneMatch(arena -> arena.scope().isAlive());
  }

  /** A device with weights and state of one value each, which says what it was asked for. */
  private static final class OneValueEach implements HostCopies {
    private final long[] shape;
    private int weightsCopied;

    OneValueEach(long... shape) {
      this.shape = shape;
    }

    private Tensor filled(Arena arena, float value) {
      Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
      for (long i = 0; i < tensor.elements(); i++) {
        tensor.memory().setAtIndex(JAVA_FLOAT, i, value);
      }
      return tensor;
    }

    @Override
    public Tensor weights(int parameter, Arena arena) {
      weightsCopied++;
      return filled(arena, 3);
    }

    @Override
    public Tensor gradient(int parameter, Arena arena) {
      throw new AssertionError("nothing is selected by magnitude");
    }

    @Override
    public Tensor state(int parameter, String name, Arena arena) {
      return filled(arena, name.equals("exp_avg") ? 1 : 2);
    }
  }

  @Test
  void savingAndLoadingWithoutWeights_takesNoMemoryForTheModel() throws IOException {
    long elements = 1 << 21;
    var copies = new OneValueEach(elements);
    var counting = new CountingArenas();
    Path file = folder.resolve("run");
    try (var planner = planner(counting, copies, elements)) {
      assertThat(counting.takeMostBytes()).isEqualTo(0);

      planner.save(file, SaveOptions.defaults());

      long state = 2 * elements * Float.BYTES; // which is what is saved
      assertThat(counting.takeMostBytes()).isEqualTo(state);
      assertThat(copies.weightsCopied).isEqualTo(0);

      long heap = heapBytes();
      try (RestoredState restored = planner.load(file, LoadOptions.strict())) {
        assertThat(restored.weights(0)).isEmpty();
        assertThat(restored.momentCount(0)).isEqualTo(elements);
        assertThat(restored.state(0, "exp_avg").getFloat(elements - 1)).isEqualTo(1);
        assertThat(restored.state(0, "exp_avg_sq").getFloat(0)).isEqualTo(2);
        restored.commit();
      }
      assertThat(heapBytes() - heap).isLessThan(elements * Float.BYTES);
      assertThat(counting.takeMostBytes()).isEqualTo(0);
      assertThat(copies.weightsCopied).isEqualTo(0);
    }
  }

  /** All that this thread has allocated on the heap. */
  private static long heapBytes() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  private static StepPlanner planner(Supplier<Arena> arenas, HostCopies copies, long elements) {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("w", new long[] {elements});
    StepPlanner planner = TestArenas.in(arenas, Spam.builder()).planner(shapes, copies);
    var all = new BitSet();
    all.set(0);
    planner.plan(all).commit(); // moments that are not 0 have seen a gradient
    return planner;
  }

  @Test
  void loadingWeights_givesThoseOfTheFile() throws IOException {
    var copies = new OneValueEach(10);
    var counting = new CountingArenas();
    Path file = folder.resolve("run");
    try (var planner = planner(counting, copies, 10)) {
      planner.save(file, SaveOptions.defaults().withWeights());
      assertThat(copies.weightsCopied).isEqualTo(1);
      try (RestoredState restored = planner.load(file, LoadOptions.strict().withWeights())) {
        assertThat(restored.weights(0).orElseThrow().getFloat(9)).isEqualTo(3);
      }
      assertThat(copies.weightsCopied).isEqualTo(1);
      assertThat(counting.open()).isEqualTo(0);
    }
  }

  @Test
  void stateThatTheFileLacks_isZero_oneTensorAtATime() throws IOException {
    var counting = new CountingArenas();
    Path file = folder.resolve("run");
    try (var planner = planner(Arena::ofShared, new OneValueEach(10), 10)) {
      planner.save(file, SaveOptions.defaults());
    }
    try (var planner = planner(counting, new OneValueEach(12), 12)) {
      assertThatThrownBy(() -> planner.load(file, LoadOptions.strict()))
          .isInstanceOfSatisfying(
              CheckpointMismatchException.class,
              e ->
                  assertThat(e.differences())
                      .containsExactly(
                          "shape: file=[10], optimizer=[12] (allowOtherShapes), parameters=[w]"));
      var options = LoadOptions.strict().allowOtherShapes();
      try (RestoredState restored = planner.load(file, options)) {
        for (String name : planner.state()) {
          assertThat(restored.state(0, name).toFloats()).hasSize(12).containsOnly(0);
        }
      }
      assertThat(counting.takeMostBytes()).isEqualTo(12 * Float.BYTES);
      assertThat(counting.open()).isEqualTo(0);
    }
  }
}
