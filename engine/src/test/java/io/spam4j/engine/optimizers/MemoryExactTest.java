package io.spam4j.engine.optimizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.CountingArenas;
import io.spam4j.engine.FewTensors;
import io.spam4j.engine.Gradients;
import io.spam4j.engine.MemoryReport;
import io.spam4j.engine.Optimizer;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Snapshot;
import io.spam4j.engine.StepReport;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import io.spam4j.testing.OptimizerCase;
import io.spam4j.testing.OptimizerCase.Trait;
import io.spam4j.testing.OptimizerCases;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What an optimizer says that it holds is what it asked its arenas for, at any time, and all of it
 * is given back; also where memory runs out, at whichever allocation.
 */
final class MemoryExactTest {
  private static final int STEPS = 4;
  private static final int HEAP_FROM = 3; // from this step on gradients lie on the heap

  static Stream<OptimizerCase> cases() {
    return OptimizerCases.floats();
  }

  /** A new builder of an optimizer that often resets. */
  private static OptimizerBuilder<?> builder(OptimizerCase tested) {
    OptimizerBuilder<?> builder = tested.builder(2);
    if (tested.has(Trait.GIVEN) && builder instanceof MomentBuilder<?> family) {
      family.maskSelection(MaskSelection.given(FewTensors::positions));
    }
    return builder;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void memory_isWhatTheArenasWereAskedFor(OptimizerCase tested) {
    for (int threads = 1; threads <= 2; threads++) {
      var arenas = new CountingArenas();
      var builder = builder(tested).threads(threads).arenas(arenas);
      MemoryReport planned = builder.plannedMemory(FewTensors.SHAPES);
      assertThat(arenas.open()).isZero();
      try (var own = Arena.ofShared();
          Optimizer optimizer = builder.build(FewTensors.parameters(own, 1))) {
        assertExact(optimizer, arenas);
        if (!tested.has(Trait.UNPLANNED)) {
          assertThat(optimizer.memory()).isEqualTo(planned);
        }
        for (int t = 1; t <= STEPS; t++) {
          optimizer.step(FewTensors.gradients(own, 100 + t, t >= HEAP_FROM));
          assertExact(optimizer, arenas);
        }
      }
      assertThat(arenas.open()).isZero();
    }
  }

  private static void assertExact(Optimizer optimizer, CountingArenas arenas) {
    MemoryReport memory = optimizer.memory();
    long moments = 0;
    long index = 0;
    for (Parameter parameter : optimizer.parameters()) {
      String name = parameter.name();
      moments += optimizer.state(name).values().stream().mapToLong(Tensor::bytes).sum();
      index += optimizer.mask(name).map(IndexMask::bytes).orElse(0L);
    }
    assertThat(memory.total()).isEqualTo(arenas.bytes());
    assertThat(memory.moments()).isEqualTo(moments);
    assertThat(memory.index()).isEqualTo(index);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void buildWithoutMemory_leavesNothingOpen(OptimizerCase tested) {
    var arenas = new CountingArenas();
    var builder = builder(tested).threads(2).arenas(arenas);
    try (var own = Arena.ofShared()) {
      List<Parameter> parameters = FewTensors.parameters(own, 1);
      boolean built = false;
      for (int n = 1; !built; n++) {
        arenas.failFrom(n);
        try (Optimizer optimizer = builder.build(parameters)) {
          built = true;
          arenas.recover();
          assertExact(optimizer, arenas);
        } catch (OutOfMemoryError e) {
          assertThat(e).hasMessage("as the test wants it");
        }
        assertThat(arenas.open()).isZero();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepWithoutMemory_changesNothing_andCanBeRepeated(OptimizerCase tested) {
    var arenas = new CountingArenas();
    try (var own = Arena.ofShared();
        Optimizer optimizer =
            builder(tested).threads(2).arenas(arenas).build(FewTensors.parameters(own, 1));
        Optimizer twin = builder(tested).threads(2).build(FewTensors.parameters(own, 1))) {
      StepReport report = optimizer.step(_ -> null);
      twin.step(_ -> null);
      int failures = 0;
      for (int t = 1; t <= STEPS; t++) {
        Gradients gradients = FewTensors.gradients(own, 100 + t, t >= HEAP_FROM);
        boolean done = false;
        for (int n = 1; !done; n++) {
          Snapshot before = Snapshot.of(optimizer);
          String reported = Snapshot.text(report);
          int open = arenas.open();
          arenas.failFrom(n);
          try {
            optimizer.step(gradients);
            done = true;
          } catch (OutOfMemoryError e) {
            failures++;
            assertThat(e).hasMessage("as the test wants it");
            Snapshot.of(optimizer).assertSame(before);
            assertThat(Snapshot.text(report)).isEqualTo(reported);
            assertThat(arenas.open()).isBetween(open, open + 1); // room for heap memory may stay
          }
          arenas.recover();
          assertExact(optimizer, arenas);
        }
        twin.step(gradients);
        Snapshot.of(optimizer).assertSame(Snapshot.of(twin));
      }
      assertThat(failures > 0).isEqualTo(allocatesInSteps(tested, optimizer));
    }
  }

  /**
   * Selections are drawn in steps, and all of Adam's family, Lion and SGD copy what lies on the
   * heap, to room that other moments or weights than float32 have from the start.
   */
  private static boolean allocatesInSteps(OptimizerCase tested, Optimizer optimizer) {
    if (tested.builder(0) instanceof ElementwiseBuilder) {
      return !tested.has(Trait.BFLOAT16);
    }
    return tested.has(Trait.FAMILY)
        && (optimizer.firstMoment("matrix").dtype() == DType.F32
            || optimizer.mask("matrix").isPresent());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void closedOptimizer_saysSo(OptimizerCase tested) {
    try (var own = Arena.ofShared()) {
      Optimizer optimizer = builder(tested).build(FewTensors.parameters(own, 1));
      optimizer.close();
      optimizer.close();
      List<Runnable> calls =
          List.of(
              () -> optimizer.step(_ -> null),
              () -> optimizer.state("matrix"),
              () -> optimizer.mask("matrix"),
              () -> optimizer.firstMoment("matrix"),
              () -> optimizer.secondMoment("matrix"),
              optimizer::memory);
      for (Runnable call : calls) {
        assertThatThrownBy(call::run)
            .isInstanceOf(IllegalStateException.class)
            .hasMessage("the optimizer must be open: it was closed");
      }
      assertThat(optimizer.stepCount()).isZero();
    }
  }
}
