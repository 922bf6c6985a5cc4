package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The kernels that only move numbers, compiled for the CPU under its sanitizers. */
class HostMomentsTest {
  private static final int TILE = 65536;
  private static final int ELEMENTS = 3 * TILE + 77;

  private final Random random = new Random(3);
  private final HostKernels kernels = new HostKernels();

  /** Numbers that say where they were: the element itself and the salt. */
  private ByteBuffer stream(int[] elements, float salt) {
    ByteBuffer stream = kernels.memory(4L * elements.length, 4);
    for (int i = 0; i < elements.length; i++) {
      stream.putFloat(4 * i, elements[i] + salt);
    }
    return stream;
  }

  /** None of the second tile is selected. */
  private int[] selection(int oneIn) {
    return IntStream.range(0, ELEMENTS)
        .filter(i -> i / TILE != 1 && random.nextInt(oneIn) == 0)
        .toArray();
  }

  private ByteBuffer positions(int[] elements) {
    ByteBuffer positions = kernels.memory(2L * elements.length, 2);
    for (int i = 0; i < elements.length; i++) {
      positions.putShort(2 * i, (short) (elements[i] % TILE));
    }
    return positions;
  }

  private ByteBuffer tensor(ByteBuffer... streams) {
    ByteBuffer tensor = kernels.memory(64, 0);
    for (int k = 0; k < streams.length; k++) {
      kernels.point(tensor, 8 * k, streams[k]);
    }
    return tensor;
  }

  /** Where the elements of a tile start among those selected. */
  private static int startOf(int[] elements, int tile) {
    int found = Arrays.binarySearch(elements, tile * TILE);
    return found < 0 ? -1 - found : found;
  }

  @Test
  void remap_carriesWhatStaysSelected() throws IOException, InterruptedException {
    int[] before = selection(20);
    int[] after = selection(30);
    before[before.length - 1] = ELEMENTS - 2;
    after[after.length - 1] = ELEMENTS - 1;
    ByteBuffer first = stream(after, 0.75f);
    ByteBuffer second = stream(after, 0.75f);
    ByteBuffer unused = kernels.memory(0, 0);
    ByteBuffer old =
        tensor(unused, unused, stream(before, 0.25f), stream(before, 0.5f), positions(before));
    ByteBuffer next = tensor(unused, unused, first, second, positions(after));
    ByteBuffer changes = kernels.memory(32 * 4, 8);
    for (int tile = 0; tile < 4; tile++) {
      int oldFrom = startOf(before, tile);
      int newFrom = startOf(after, tile);
      changes.putLong(oldFrom).putLong(newFrom);
      changes.putInt(startOf(before, tile + 1) - oldFrom);
      changes.putInt(startOf(after, tile + 1) - newFrom).putLong(0);
    }

    kernels.launch(Kernel.REMAP, 4, old, next, changes);
    kernels.run();

    int carried = 0;
    for (int i = 0; i < after.length; i++) {
      boolean kept = Arrays.binarySearch(before, after[i]) >= 0;
      carried += kept ? 1 : 0;
      assertThat(first.getFloat(4 * i)).isEqualTo(kept ? after[i] + 0.25f : 0);
      assertThat(second.getFloat(4 * i)).isEqualTo(kept ? after[i] + 0.5f : 0);
    }
    assertThat(carried).isBetween(1, after.length - 1);
  }

  @Test
  void fill_leavesWhatIsOutside() throws IOException, InterruptedException {
    int[] elements = IntStream.range(0, 3000).toArray();
    for (int[] chunk : new int[][] {{0, 0}, {1, 1030}, {1031, 5}, {1099, 1025}}) {
      ByteBuffer first = stream(elements, 1);
      ByteBuffer second = stream(elements, 1);
      ByteBuffer unused = kernels.memory(0, 0);
      ByteBuffer chunks = kernels.memory(24, 0);
      chunks.putLong(chunk[0]).putLong(chunk[0]).putInt(chunk[1]);
      kernels.launch(Kernel.FILL, 1, tensor(unused, unused, first, second), chunks, -0f);
      kernels.run();

      for (int i = 0; i < elements.length; i++) {
        float expected = i >= chunk[0] && i < chunk[0] + chunk[1] ? -0f : i + 1;
        assertThat(first.getFloat(4 * i)).as("first[%d]", i).isEqualTo(expected);
        assertThat(second.getFloat(4 * i)).as("second[%d]", i).isEqualTo(expected);
      }
    }
  }
}
