package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.tensors.mask.IndexMask;
import io.spam4j.tensors.safetensors.Safetensors;
import it.unimi.dsi.fastutil.longs.LongBigArrayBigList;
import it.unimi.dsi.fastutil.longs.LongBigList;
import it.unimi.dsi.fastutil.longs.LongIterator;
import it.unimi.dsi.fastutil.longs.LongIterators;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Null is refused at once, wherever it is passed, by the name of the argument. */
final class NullRefusalTest {
  private static final Arena ARENA = Arena.ofAuto();
  private static final MemorySegment MEMORY = MemorySegment.ofArray(new float[1]);
  private static final Tensor ONE = Tensor.of(MEMORY, DType.F32, 1);
  private static final IndexMask MASK = IndexMask.of(ARENA, 3, new long[] {1});
  private static final Philox RANDOM = Philox.stream(1, "m", 0);
  private static final Path FILE = Path.of("never-written.safetensors");

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // what a caller may pass
  private static <T> T none() {
    return null;
  }

  static Stream<Arguments> values() {
    return Stream.of(
        refused("memory", () -> Tensor.of(NullRefusalTest.<MemorySegment>none(), DType.F32, 1)),
        refused("dtype", () -> Tensor.of(MEMORY, none(), 1)),
        refused("shape", () -> Tensor.of(MEMORY, DType.F32, NullRefusalTest.<long[]>none())),
        refused("values", () -> Tensor.of(NullRefusalTest.<float[]>none(), 1)),
        refused("shape", () -> Tensor.of(new float[1], NullRefusalTest.<long[]>none())),
        refused("arena", () -> Tensor.allocate(none(), DType.F32, 1)),
        refused("dtype", () -> Tensor.allocate(ARENA, none(), 1)),
        refused("shape", () -> Tensor.allocate(ARENA, DType.F32, NullRefusalTest.<long[]>none())),
        refused("other", () -> ONE.hasShapeOf(none())),
        refused("tensor", () -> TensorStatistics.of(none())),
        refused("arena", () -> IndexMask.of(none(), 3, new long[0])),
        refused("arena", () -> IndexMask.of(none(), 3, LongIterators.EMPTY_ITERATOR)),
        refused("arena", () -> IndexMask.of(none(), 3, new LongBigArrayBigList())),
        refused("positions", () -> IndexMask.of(ARENA, 3, NullRefusalTest.<long[]>none())),
        refused("positions", () -> IndexMask.of(ARENA, 3, NullRefusalTest.<LongIterator>none())),
        refused("positions", () -> IndexMask.of(ARENA, 3, NullRefusalTest.<LongBigList>none())),
        refused("arena", () -> IndexMask.random(none(), 3, 1, RANDOM)),
        refused("random", () -> IndexMask.random(ARENA, 3, 1, none())),
        refused("parallel", () -> IndexMask.random(ARENA, 3, 1, RANDOM, none())),
        refused("arena", () -> IndexMask.largest(none(), ONE, 1)),
        refused("values", () -> IndexMask.largest(ARENA, none(), 1)),
        refused("parallel", () -> IndexMask.largest(ARENA, ONE, 1, none())),
        refused("arena", () -> IndexMask.restore(none(), 3, 0, 1, MEMORY)),
        refused("data", () -> IndexMask.restore(ARENA, 3, 0, 1, none())),
        refused("positions", () -> MASK.decode(0, none())),
        refused("a", () -> IndexMask.forEachCommon(none(), MASK, (_, _) -> {})),
        refused("b", () -> IndexMask.forEachCommon(MASK, none(), (_, _) -> {})),
        refused("visitor", () -> IndexMask.forEachCommon(MASK, MASK, none())),
        refused("other", () -> MASK.hasSameSelection(none())),
        refused("name", () -> Philox.stream(1, none(), 0)),
        refused("file", () -> Safetensors.open(none(), ARENA)),
        refused("arena", () -> Safetensors.open(FILE, none())),
        refused("file", () -> Safetensors.write(none(), Map.of(), Map.of())),
        refused("tensors", () -> Safetensors.write(FILE, none(), Map.of())),
        refused("metadata", () -> Safetensors.write(FILE, Map.of(), none())));
  }

  private static Arguments refused(String name, ThrowingCallable call) {
    return Arguments.of(name, call);
  }

  @ParameterizedTest
  @MethodSource("values")
  void null_isRefused(String name, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(NullPointerException.class)
        .hasMessage(name + " must not be null");
  }

  @Test
  void nullInAMap_isRefused_andNothingIsWritten(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("f.safetensors");
    Map<String, Tensor> tensors = new HashMap<>();
    tensors.put("w", null);
    Map<String, Tensor> nameless = new HashMap<>();
    nameless.put(null, ONE);
    for (Map<String, Tensor> bad : List.of(tensors, nameless)) {
      assertThatThrownBy(() -> Safetensors.write(file, bad, Map.of()))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("tensors must not contain null");
    }
    Map<String, String> metadata = new HashMap<>();
    metadata.put("key", null);
    Map<String, String> keyless = new HashMap<>();
    keyless.put(null, "value");
    for (Map<String, String> bad : List.of(metadata, keyless)) {
      assertThatThrownBy(() -> Safetensors.write(file, Map.of("w", ONE), bad))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("metadata must not contain null");
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
    Safetensors.write(file, Map.of("w", ONE), Map.of());
    try (var arena = Arena.ofConfined()) {
      var opened = Safetensors.open(file, arena);
      assertThatThrownBy(() -> opened.tensor(none()))
          .isInstanceOf(NullPointerException.class)
          .hasMessage("name must not be null");
    }
  }
}
