package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What tensors refuse, with the whole message; tensors without elements are tensors. */
final class TensorRefusalTest {
  static Stream<Arguments> tensors() {
    MemorySegment eight = MemorySegment.ofArray(new float[2]);
    Arena arena = Arena.ofAuto();
    return Stream.of(
        refused(
            "tensor memory must hold exactly its elements: shape=[3], dtype=F32, bytes=12, memory=8",
            () -> Tensor.of(eight, DType.F32, 3)),
        refused(
            "tensor memory must hold exactly its elements: shape=[], dtype=F32, bytes=4, memory=8",
            () -> Tensor.of(eight, DType.F32)),
        refused(
            "tensor memory must hold exactly its elements: shape=[0, 2], dtype=F32, bytes=0, memory=8",
            () -> Tensor.of(new float[2], 0, 2)),
        refused(
            "tensor extents must not be negative: shape=[-1, -2]",
            () -> Tensor.of(eight, DType.F32, -1, -2)),
        refused(
            "tensor extents must not be negative: shape=[0, -2]",
            () -> Tensor.allocate(arena, DType.F32, 0, -2)),
        refused(
            "tensor elements must fit a long: shape=[4294967296, 2147483648]",
            () -> Tensor.allocate(arena, DType.U8, 1L << 32, 1L << 31)),
        refused(
            "tensor bytes must be a whole number that fits a long: shape=[2305843009213693952],"
                + " dtype=F32",
            () -> Tensor.allocate(arena, DType.F32, 1L << 61)),
        refused(
            "tensor bytes must be a whole number that fits a long: shape=[3], dtype=F4",
            () -> Tensor.allocate(arena, DType.F4, 3)),
        refused("elements must not be negative: elements=-2", () -> DType.F32.bytes(-2)),
        refused(
            "tensor must be F32: dtype=I64",
            () ->
                TensorStatistics.of(Tensor.of(MemorySegment.ofArray(new long[1]), DType.I64, 1))));
  }

  private static Arguments refused(String message, Runnable call) {
    return Arguments.of(message, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tensors")
  void tensor_isRefused(String message, Runnable call) {
    assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 2, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 62})
  void elementThatIsNotThere_isRefused(long index) {
    Tensor tensor = Tensor.of(new float[] {1, 2}, 2);
    String message = "index must be in [0, elements): index=" + index + ", elements=2";
    assertThatThrownBy(() -> tensor.getFloat(index))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> tensor.setFloat(index, 3))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessage(message);
    assertThat(tensor.toFloats()).containsExactly(1, 2);
  }

  @Test
  void tensorOfAnotherType_hasNoFloats() {
    Tensor tensor = Tensor.of(MemorySegment.ofArray(new int[1]), DType.I32, 1);
    Stream.<Runnable>of(
            () -> tensor.getFloat(0), () -> tensor.setFloat(0, 1), () -> tensor.toFloats())
        .forEach(
            call ->
                assertThatThrownBy(call::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("tensor must be F32: dtype=I32"));
  }

  @Test
  void tensorWithoutElements_isATensor() {
    Tensor tensor = Tensor.of(new float[0], 3, 0);
    assertThat(tensor.elements()).isZero();
    assertThat(tensor.bytes()).isZero();
    assertThat(tensor.toFloats()).isEmpty();
    assertThat(tensor).hasToString("F32[3, 0]");
    assertThat(TensorStatistics.of(tensor)).isEqualTo(new TensorStatistics(0, 0, 0));
    try (var arena = Arena.ofConfined()) {
      assertThat(Tensor.allocate(arena, DType.F32, 0).bytes()).isZero();
      for (IndexMask mask :
          new IndexMask[] {
            IndexMask.of(arena, 0, new long[0]),
            IndexMask.random(arena, 0, 0, Philox.stream(1, "m", 0)),
            IndexMask.largest(arena, tensor, 0)
          }) {
        assertThat(mask.count()).isZero();
        assertThat(mask.bytes()).isZero();
        assertThat(mask.toArray()).isEmpty();
      }
    }
  }

  @Test
  void closedArena_isRefused() {
    Arena arena = Arena.ofShared();
    Tensor dead = Tensor.allocate(arena, DType.F32, 2);
    arena.close();
    Stream.<Runnable>of(
            () -> Tensor.allocate(arena, DType.F32, 1),
            () -> dead.getFloat(0),
            () -> dead.setFloat(0, 1),
            dead::toFloats,
            () -> TensorStatistics.of(dead),
            () -> IndexMask.of(arena, 9, new long[] {1}),
            () -> IndexMask.random(arena, 9, 3, Philox.stream(1, "m", 0)),
            () -> IndexMask.largest(Arena.ofAuto(), dead, 1))
        .forEach(
            call ->
                assertThatThrownBy(call::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Already closed"));
  }

  @Test
  void arenaOfAnotherThread_isRefused() throws InterruptedException {
    try (var arena = Arena.ofConfined()) {
      var refusal = new AtomicReference<Throwable>();
      var other = new Thread(() -> Tensor.allocate(arena, DType.F32, 1));
      other.setUncaughtExceptionHandler((_, e) -> refusal.set(e));
      other.start();
      other.join();
      assertThat(refusal.get()).isInstanceOf(WrongThreadException.class);
    }
  }
}
