package io.spam4j.cuda.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.cuda.kernels.HostKernels.Kernel;
import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.Amsgrad;
import io.spam4j.testing.TestOperands;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The weights' half of AMSGrad and its PTX. */
@ParameterizedClass
@EnumSource
class HostAmsgradTest {
  private static final float[] SPECIAL = {0, -0f, Float.NaN, Float.POSITIVE_INFINITY, 1e-40f};

  @Parameter HostKernels.Machine machine = HostKernels.Machine.CPU;

  private final Random random = new Random(6);

  private float[] values(int n, boolean positive) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      float value = (float) random.nextGaussian();
      boolean special = random.nextInt(20) == 0;
      values[i] =
          special ? SPECIAL[random.nextInt(SPECIAL.length)] : positive ? value * value : value;
    }
    return values;
  }

  private Case makeCase(int n, int[] positions, int number) {
    var c = new UpdateCoefficients();
    c.skipsNonFinite = number % 2 == 0;
    c.epsilon = number % 3 == 0 ? 0 : 1e-8f;
    c.stepSize = number % 4 == 3 ? 0 : 1e-2f;
    c.decayBefore = number % 5 < 2 ? 1 : 0.99f;
    c.decayAfter = number % 4 == 3 || number % 5 > 2 ? 0 : 0.01f;
    c.leavesWeights = true;
    int count = positions.length;
    return new Case(
        values(n, false),
        values(n, false),
        values(count, false),
        values(count, true),
        positions,
        4,
        c);
  }

  @Test
  void amsgrad_denseAndSparseTensors() throws IOException, InterruptedException {
    List<Case> cases = new ArrayList<>();
    int[] sizes = {1, 255, 257, 513, 1100, 1100, 1100, 1100, 70_000, 140_000};
    for (int n : sizes) {
      int odds = n > 60_000 ? 40 : 1;
      int[] some =
          IntStream.range(0, n).filter(i -> random.nextInt(odds) == 0 || i == n - 1).toArray();
      cases.add(makeCase(n, some, cases.size()));
    }
    var device = new UpdateTables(cases, new HostKernels(machine));
    List<float[]> largest = new ArrayList<>();
    List<ByteBuffer> actual = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      largest.add(values(cases.get(i).second.length, true));
      actual.add(device.kernels.memory(4L * largest.get(i).length, 4));
      actual.get(i).asFloatBuffer().put(largest.get(i));
      device.kernels.point(device.tensors, 64 * i + 56, actual.get(i));
    }
    // The last but one has no gradient at this step.
    int without = sizes.length - 2;
    device.kernels.pointNowhere(device.tensors, 64 * without + 8);
    device.kernels.launch(
        Kernel.AMSGRAD, device.chunkCount, device.tensors, device.chunks, device.coefficients);
    device.kernels.run();

    for (int i = 0; i < cases.size(); i++) {
      Case one = cases.get(i);
      if (i != without) {
        applyInJava(one, largest.get(i));
      }
      HostKernels.assertBits("largest of " + i, actual.get(i), largest.get(i));
      HostKernels.assertBits("weights of " + i, device.streams.get(4 * i), one.weights);
      HostKernels.assertBits("first of " + i, device.streams.get(4 * i + 2), one.first);
      HostKernels.assertBits("second of " + i, device.streams.get(4 * i + 3), one.second);
    }
  }

  private static void applyInJava(Case one, float[] largest) {
    try (Arena arena = Arena.ofConfined()) {
      int count = one.positions.length;
      MemorySegment w = arena.allocate(4L * count);
      MemorySegment g = arena.allocate(4L * count);
      for (int i = 0; i < count; i++) {
        w.set(JAVA_FLOAT_UNALIGNED, 4L * i, one.weights[one.positions[i]]);
        g.set(JAVA_FLOAT_UNALIGNED, 4L * i, one.gradient[one.positions[i]]);
      }
      MemorySegment m = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, one.first);
      MemorySegment v = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, one.second);
      MemorySegment most = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, largest);
      Amsgrad.moveWeights(TestOperands.of(w, g, m, v), most, 0, count, one.coefficients);
      for (int i = 0; i < count; i++) {
        one.weights[one.positions[i]] = w.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        largest[i] = most.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      }
    }
  }
}
