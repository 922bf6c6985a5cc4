package io.spam4j.tensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TensorSlabTest {
  @Test
  void tensors_areZeroAlignedAndApart() {
    var slab =
        new TensorSlab()
            .add(DType.F32, 3, 5)
            .add(DType.I8, 7)
            .add(DType.BF16)
            .add(DType.F32, 0, 4)
            .add(DType.F32, 16 << 10)
            .add(DType.I8, 4 << 20)
            .add(DType.I8, 4 << 20);
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> tensors = slab.allocate(arena);
      assertThat(tensors)
          .extracting(Tensor::shapeText)
          .containsExactly("[3, 5]", "[7]", "[]", "[0, 4]", "[16384]", "[4194304]", "[4194304]");
      long end = tensors.getFirst().memory().address();
      for (Tensor tensor : tensors) {
        MemorySegment memory = tensor.memory();
        assertThat(memory.address()).isGreaterThanOrEqualTo(end);
        assertThat(memory.address() % (memory.byteSize() < 64 << 10 ? 64 : 4096)).isZero();
        assertThat(memory.mismatch(arena.allocate(memory.byteSize()))).isEqualTo(-1);
        memory.fill((byte) 1);
        end = memory.address() + memory.byteSize();
      }
      assertThat(end - tensors.getFirst().memory().address()).isEqualTo(slab.bytes());
      assertThat(tensors.stream().mapToLong(Tensor::bytes).sum() + slab.gapBytes())
          .isEqualTo(slab.bytes());
      long apart = tensors.get(6).memory().address() - tensors.get(5).memory().address();
      assertThat(Long.bitCount(apart)).as("no power of two").isGreaterThan(1);
      assertThat(slab.allocate(arena).getFirst().getFloat(0)).as("of its own").isZero();
    }
  }

  @Test
  void emptySlab_hasNoTensors() {
    try (Arena arena = Arena.ofConfined()) {
      assertThat(new TensorSlab().allocate(arena)).isEmpty();
    }
  }

  @Test
  void badShape_isRefused_andTheSlabIsAsBefore() {
    var slab = new TensorSlab().add(DType.F32, 5);
    assertThatThrownBy(() -> slab.add(DType.F32, -1)).isInstanceOf(IllegalArgumentException.class);
    long most = Long.MAX_VALUE / 16;
    for (int i = 0; i < 15; i++) {
      slab.add(DType.I8, most);
    }
    long before = slab.bytes();
    assertThatThrownBy(() -> slab.add(DType.I8, most))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("bytes of a slab must fit a long");
    assertThat(slab.bytes()).isEqualTo(before);
  }

  @Test
  void memoryFromElsewhere_isUsedAsItIs() {
    var slab = new TensorSlab().add(DType.F32, 3).add(DType.F32, 2, 5);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(slab.bytes() + 8, 64).fill((byte) 1);
      List<Tensor> tensors = slab.in(memory);
      assertThat(tensors).extracting(Tensor::shapeText).containsExactly("[3]", "[2, 5]");
      tensors.get(1).setFloat(9, 7);
      assertThat(memory.get(ValueLayout.JAVA_FLOAT, slab.bytes() - 4)).isEqualTo(7);
      assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
      assertThat(memory.get(ValueLayout.JAVA_BYTE, slab.bytes())).isEqualTo((byte) 1);
      assertThatThrownBy(() -> slab.in(memory.asSlice(0, slab.bytes() - 1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("memory must hold the slab: memory=103, bytes=104");
    }
  }
}
