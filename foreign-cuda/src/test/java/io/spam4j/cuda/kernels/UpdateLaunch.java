package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandInDevice;
import io.spam4j.cuda.StandInDevice.Memory;
import io.spam4j.cuda.kernels.UpdateTables.Case;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The tables of an update of tensors on the stand-in, its launches, and their comparison. */
final class UpdateLaunch {
  private static final int TILE = UpdateTables.TILE;
  private static final int TALLY = 48;

  private final StandInDevice device;
  private final List<TensorStreams> tensors = new ArrayList<>();
  private final List<long[]> chunks = new ArrayList<>(); // offset, base, length, tensor
  private final List<long[]> ranges = new ArrayList<>(); // first, count

  UpdateLaunch(StandInDevice device) {
    this.device = device;
  }

  /** Adds a tensor in chunks of so many elements; a sparse one in its tiles. */
  void add(TensorStreams tensor, int chunk) {
    Case values = tensor.values();
    int first = chunks.size();
    int elements = values.weights.length;
    if (values.isSparse()) {
      addTiles(values.positions);
    } else {
      for (int from = 0; from < elements; from += chunk) {
        chunks.add(new long[] {from, from, Math.min(chunk, elements - from), tensors.size()});
      }
    }
    ranges.add(new long[] {first, chunks.size() - first});
    tensors.add(tensor);
  }

  private void addTiles(int[] positions) {
    for (int from = 0, to = 0; from < positions.length; from = to) {
      int tile = positions[from] / TILE;
      while (to < positions.length && positions[to] / TILE == tile) {
        to++;
      }
      chunks.add(new long[] {from, (long) tile * TILE, to - from, tensors.size()});
    }
  }

  /** The tables, once all tensors are added. */
  Tables tables() {
    return new Tables();
  }

  /** The tables on the device. */
  final class Tables {
    private final Memory tensorRows = device.memory((long) TensorStreams.ROW * tensors.size(), 0);
    private final Memory chunkRows = device.memory(24L * chunks.size(), 0);
    private final Memory coefficients = device.memory(80L * tensors.size(), 0);
    private final Memory parts = device.memory(24L * chunks.size(), 0);
    private final Memory rangeRows = device.memory(16L * ranges.size(), 0);
    private final Memory totals = device.memory((long) TALLY * ranges.size(), 0);

    private Tables() {
      ByteBuffer rows = tensorRows.rows();
      tensors.forEach(tensor -> tensor.put(rows));
      ByteBuffer chunk = chunkRows.rows();
      for (long[] row : chunks) {
        chunk.putLong(row[0]).putLong(row[1]).putInt((int) row[2]).putInt((int) row[3]);
      }
      ByteBuffer range = rangeRows.rows();
      ranges.forEach(row -> range.putLong(row[0]).putLong(row[1]));
      putCoefficients();
    }

    private void putCoefficients() {
      ByteBuffer rows = coefficients.rows();
      for (int i = 0; i < tensors.size(); i++) {
        UpdateTables.put(tensors.get(i).values().coefficients, rows.position(80 * i));
      }
    }

    /** Takes what is now in the coefficients of the cases to the device. */
    void uploadCoefficients() {
      putCoefficients();
      device.upload(coefficients);
    }

    /** Queues the update and its tally. */
    void run(String kernel) {
      device.launch(kernel, chunks.size(), tensorRows, chunkRows, coefficients, parts);
      device.launch("spam4j_tally", ranges.size(), rangeRows, chunkRows, parts, totals);
    }

    /** Downloads, does the same by the engine, and compares; the sums of all tallies. */
    UpdateTally compare() {
      device.download();
      UpdateTally all = new UpdateTally();
      for (int i = 0; i < tensors.size(); i++) {
        String name = "tensor %d".formatted(i);
        UpdateTally tally = tensors.get(i).compareAfterStep(name);
        ByteBuffer row = totals.rows().position(TALLY * i);
        assertThat(row.getLong()).as(name + " spikes").isEqualTo(tally.spikes);
        assertThat(row.getLong()).as(name + " skipped").isEqualTo(tally.skipped);
        assertThat(row.getLong()).as(name + " lowered").isEqualTo(tally.lowered);
        assertThat(row.getLong()).as(name + " clamped").isEqualTo(tally.clamped);
        assertThat(row.getLong()).as(name + " place").isEqualTo(tally.largestAt);
        assertThat(row.getFloat()).as(name + " ratio").isEqualTo(tally.largestRatio);
        all.spikes += tally.spikes;
        all.skipped += tally.skipped;
        all.lowered += tally.lowered;
        all.clamped += tally.clamped;
      }
      return all;
    }
  }
}
