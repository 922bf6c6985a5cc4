package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Memory;
import io.spam4j.cuda.StandInDevice.Mode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The shipped kernels that only move numbers, on the stand-in: what they copy keeps its bits, those
 * of a NaN too.
 */
final class ShippedMomentsTest {
  private static final int TILE = UpdateTables.TILE;
  private static final int ELEMENTS = 3 * TILE + 77;
  private static final int TILES = 4;

  private final Random random = new Random(3);

  /** None of the second tile is selected. */
  private int[] selection(int oneIn) {
    return IntStream.range(0, ELEMENTS)
        .filter(i -> i / TILE != 1 && (i == ELEMENTS - 1 || random.nextInt(oneIn) == 0))
        .toArray();
  }

  private int[] bits(int count) {
    return random.ints(count).toArray();
  }

  private static Memory stream(StandInDevice device, int[] bits, int shift) {
    Memory memory = device.memory(4L * bits.length, shift);
    memory.rows().asIntBuffer().put(bits);
    return memory;
  }

  private static int[] bitsOf(Memory memory) {
    int[] bits = new int[Math.toIntExact(memory.host().byteSize() / 4)];
    memory.rows().asIntBuffer().get(bits);
    return bits;
  }

  /** A table of two tensors, of which the first has nothing; 0 for what the second has not. */
  private static Memory secondTensor(StandInDevice device, long... addresses) {
    Memory tensors = device.memory(2 * TensorStreams.ROW, 0);
    ByteBuffer row = tensors.rows().position(TensorStreams.ROW);
    for (long address : addresses) {
      row.putLong(address);
    }
    return tensors;
  }

  /** Where the elements of a tile start among those selected. */
  private static int startOf(int[] elements, int tile) {
    int found = Arrays.binarySearch(elements, tile * TILE);
    return found < 0 ? -1 - found : found;
  }

  @ParameterizedTest
  @EnumSource
  void remap_carriesWhatStaysSelected(Mode mode) {
    int[] before = selection(40);
    int[] after = selection(60);
    int[] oldFirst = bits(before.length);
    int[] oldSecond = bits(before.length);
    try (StandInDevice device = StandInDevice.open(mode)) {
      Memory first = stream(device, bits(after.length), 4);
      Memory second = stream(device, bits(after.length), 12);
      Memory old =
          secondTensor(
              device,
              0,
              0,
              stream(device, oldFirst, 8).address(),
              stream(device, oldSecond, 4).address(),
              TensorStreams.positions(device, before).address());
      Memory next =
          secondTensor(
              device,
              0,
              0,
              first.address(),
              second.address(),
              TensorStreams.positions(device, after).address());
      Memory changes = device.memory(32 * TILES, 0);
      ByteBuffer rows = changes.rows();
      for (int tile = 0; tile < TILES; tile++) {
        int oldFrom = startOf(before, tile);
        int newFrom = startOf(after, tile);
        rows.putLong(oldFrom).putLong(newFrom);
        rows.putInt(startOf(before, tile + 1) - oldFrom);
        rows.putInt(startOf(after, tile + 1) - newFrom).putInt(1).putInt(0);
      }
      device.upload();
      device.launch("spam4j_remap", TILES, old, next, changes);
      device.download();

      int[] at = Arrays.stream(after).map(i -> Arrays.binarySearch(before, i)).toArray();
      assertThat(Arrays.stream(at).filter(i -> i >= 0).count()).isBetween(1L, after.length - 1L);
      assertThat(bitsOf(first)).isEqualTo(carried(at, oldFirst));
      assertThat(bitsOf(second)).isEqualTo(carried(at, oldSecond));
    }
  }

  private static int[] carried(int[] at, int[] old) {
    return Arrays.stream(at).map(i -> i >= 0 ? old[i] : 0).toArray();
  }

  @ParameterizedTest
  @EnumSource
  void fill_leavesWhatIsOutside(Mode mode) {
    int elements = 3000;
    int[][] filled = {{0, 0}, {1, 1030}, {1031, 5}, {1100, 1425}, {2999, 1}};
    float value = -0f;
    try (StandInDevice device = StandInDevice.open(mode)) {
      int[] firstBits = bits(elements);
      int[] secondBits = bits(elements);
      Memory first = stream(device, firstBits, 0);
      Memory second = stream(device, secondBits, 4);
      Memory onlyFirst = stream(device, firstBits, 0);
      Memory onlySecond = stream(device, firstBits, 0);
      Memory tensors = device.memory(3L * TensorStreams.ROW, 0);
      tensors.rows().putLong(16, first.address()).putLong(24, second.address());
      tensors.rows().putLong(TensorStreams.ROW + 16, onlyFirst.address());
      tensors.rows().putLong(2 * TensorStreams.ROW + 24, onlySecond.address());
      Memory chunks = device.memory(3 * 24L * filled.length, 0);
      ByteBuffer rows = chunks.rows();
      for (int tensor = 0; tensor < 3; tensor++) {
        for (int[] chunk : filled) {
          rows.putLong(chunk[0]).putLong(chunk[0]).putInt(chunk[1]).putInt(tensor);
        }
      }
      device.upload();
      device.launch("spam4j_fill", 3 * filled.length, tensors, chunks, value);
      device.download();

      for (int[] chunk : filled) {
        Arrays.fill(firstBits, chunk[0], chunk[0] + chunk[1], Float.floatToRawIntBits(value));
        Arrays.fill(secondBits, chunk[0], chunk[0] + chunk[1], Float.floatToRawIntBits(value));
      }
      assertThat(bitsOf(first)).isEqualTo(firstBits);
      assertThat(bitsOf(second)).isEqualTo(secondBits);
      assertThat(bitsOf(onlyFirst)).isEqualTo(firstBits);
      assertThat(bitsOf(onlySecond)).isEqualTo(firstBits);
    }
  }
}
