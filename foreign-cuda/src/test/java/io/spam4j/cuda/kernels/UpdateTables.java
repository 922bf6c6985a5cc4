package io.spam4j.cuda.kernels;

import io.spam4j.engine.decision.UpdateCoefficients;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The tables that the update kernels read, laid out as in src/main/cuda/README.md. */
final class UpdateTables {
  static final int TILE = 65536;
  private static final int CHUNK = 512;

  /** A tensor, its selected elements (all, where it is dense), and what the step does with it. */
  static final class Case {
    final float[] weights;
    final float[] gradient;
    final float[] first;
    final float[] second;
    final int[] positions;
    final int shift; // of all streams, in bytes
    final UpdateCoefficients coefficients;

    Case(
        float[] weights,
        float[] gradient,
        float[] first,
        float[] second,
        int[] positions,
        int shift,
        UpdateCoefficients coefficients) {
      this.weights = weights;
      this.gradient = gradient;
      this.first = first;
      this.second = second;
      this.positions = positions;
      this.shift = shift;
      this.coefficients = coefficients;
    }

    boolean isSparse() {
      return first.length != weights.length;
    }
  }

  final HostKernels kernels;
  final List<ByteBuffer> streams = new ArrayList<>();
  final ByteBuffer tensors;
  final ByteBuffer coefficients;
  final ByteBuffer ranges;
  final ByteBuffer totals;
  final ByteBuffer chunks;
  final ByteBuffer parts;
  final int chunkCount;

  UpdateTables(List<Case> cases) {
    this(cases, new HostKernels());
  }

  UpdateTables(List<Case> cases, HostKernels kernels) {
    this.kernels = kernels;
    tensors = kernels.memory(64L * cases.size(), 0);
    coefficients = kernels.memory(80L * cases.size(), 0);
    ranges = kernels.memory(16L * cases.size(), 0);
    totals = kernels.memory(48L * cases.size(), 0);
    List<long[]> rows = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      Case one = cases.get(i);
      float[][] data = {one.weights, one.gradient, one.first, one.second};
      for (int k = 0; k < data.length; k++) {
        ByteBuffer stream = kernels.memory(4L * data[k].length, one.shift);
        stream.asFloatBuffer().put(data[k]);
        streams.add(stream);
        kernels.point(tensors, 64 * i + 8 * k, stream);
      }
      tensors.putLong(64 * i + 40, one.weights.length).putLong(64 * i + 48, one.first.length);
      put(one.coefficients, coefficients.position(80 * i));
      ranges.putLong(16 * i, rows.size());
      if (one.isSparse()) {
        ByteBuffer positions = kernels.memory(2L * one.positions.length, 0);
        for (int at : one.positions) {
          positions.putShort((short) (at % TILE));
        }
        kernels.point(tensors, 64 * i + 32, positions);
        addTiles(rows, one.positions, i);
      } else {
        for (int from = 0; from < one.weights.length; from += CHUNK) {
          rows.add(new long[] {from, from, Math.min(CHUNK, one.weights.length - from), i});
        }
      }
      ranges.putLong(16 * i + 8, rows.size() - ranges.getLong(16 * i));
    }
    chunkCount = rows.size();
    chunks = kernels.memory(24L * chunkCount, 8);
    parts = kernels.memory(24L * chunkCount, 8);
    for (long[] row : rows) {
      chunks.putLong(row[0]).putLong(row[1]).putInt((int) row[2]).putInt((int) row[3]);
    }
  }

  private static void addTiles(List<long[]> rows, int[] positions, int tensor) {
    for (int from = 0, to = 0; from < positions.length; from = to) {
      int tile = positions[from] / TILE;
      while (to < positions.length && positions[to] / TILE == tile) {
        to++;
      }
      rows.add(new long[] {from, (long) tile * TILE, to - from, tensor});
    }
  }

  /** Writes a row of the table of coefficients. */
  static void put(UpdateCoefficients c, ByteBuffer row) {
    row.putFloat(c.gradientScale).putFloat(c.clipAbove).putFloat(c.clipDivisor);
    row.putFloat(c.clipTo).putFloat(c.normScale).putFloat(c.gradientLimit);
    row.putFloat(c.coupledDecay).putFloat(c.spikeThreshold).putFloat(c.beta1);
    row.putFloat(c.oneMinusBeta1).putFloat(c.beta2).putFloat(c.oneMinusBeta2);
    row.putFloat(c.flushBelow).putFloat(c.epsilon).putFloat(c.stepSize);
    row.putFloat(c.decayBefore).putFloat(c.decayAfter);
    boolean[] flags = {
      c.nullifiesSpikes,
      c.clipsAtZero,
      c.skipsNonFinite,
      c.leavesWeights,
      c.resetsMoments,
      c.zeroesMomentsAfter
    };
    int bits = 0;
    for (int i = 0; i < flags.length; i++) {
      bits |= flags[i] ? 1 << i : 0;
    }
    row.putInt(bits);
  }
}
