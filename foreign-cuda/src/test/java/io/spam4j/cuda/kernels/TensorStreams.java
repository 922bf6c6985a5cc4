package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Memory;
import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.nio.ByteBuffer;

/** A tensor of the stand-in. */
final class TensorStreams {
  /** Bytes of a row of the table of tensors. */
  static final int ROW = 64;

  private static final int TILE = UpdateTables.TILE;

  private final Case values;
  private final StandInDevice device;
  private final boolean hasGradient;
  private final Memory[] streams; // weights, gradient, first, second
  private final Memory positions;

  /**
   * Takes the values of a case to a device.
   *
   * @param shifts bytes between an aligned address and each stream, in the order of the table
   */
  TensorStreams(StandInDevice device, Case values, boolean hasGradient, int... shifts) {
    this.device = device;
    this.values = values;
    this.hasGradient = hasGradient;
    streams =
        new Memory[] {
          device.memory(values.weights, shifts[0]),
          device.memory(values.gradient, shifts[1]),
          device.memory(values.first, shifts[2]),
          device.memory(values.second, shifts[3])
        };
    positions = positions(device, values.isSparse() ? values.positions : new int[0]);
  }

  /** The selected elements, each relative to its tile. */
  static Memory positions(StandInDevice device, int[] elements) {
    Memory memory = device.memory((long) Short.BYTES * elements.length, Short.BYTES);
    ByteBuffer rows = memory.rows();
    for (int element : elements) {
      rows.putShort((short) (element % TILE));
    }
    return memory;
  }

  Case values() {
    return values;
  }

  /** Writes its row of the table of tensors. */
  void put(ByteBuffer row) {
    row.putLong(streams[0].address()).putLong(hasGradient ? streams[1].address() : 0);
    row.putLong(streams[2].address()).putLong(streams[3].address());
    row.putLong(values.isSparse() ? positions.address() : 0);
    row.putLong(values.weights.length).putLong(values.first.length).putLong(0);
  }

  /** Takes what is now the gradient of the case to the device. */
  void uploadGradient() {
    streams[1].set(values.gradient);
    device.upload(streams[1]);
  }

  /** Does the step by the engine, and compares every bit with what was downloaded. */
  UpdateTally compareAfterStep(String name) {
    UpdateTally tally = hasGradient ? UpdateCases.step(values) : new UpdateTally();
    assertBits(name + " weights", streams[0].floats(), values.weights);
    assertBits(name + " gradient", streams[1].floats(), values.gradient);
    assertBits(name + " first", streams[2].floats(), values.first);
    assertBits(name + " second", streams[3].floats(), values.second);
    return tally;
  }

  /** NaN payloads may differ. */
  private static void assertBits(String name, float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        throw new AssertionError(
            "%s[%d] must be of the same bits: actual=%s, expected=%s"
                .formatted(name, i, actual[i], expected[i]));
      }
    }
  }
}
