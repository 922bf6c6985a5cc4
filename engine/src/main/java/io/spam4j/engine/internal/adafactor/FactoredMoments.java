package io.spam4j.engine.internal.adafactor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.spam4j.engine.internal.kernel.QuietNaN;
import io.spam4j.engine.internal.measure.LaneSums;
import io.spam4j.engine.internal.measure.PartialSum;
import io.spam4j.engine.internal.measure.PartialSums;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The second moments of a tensor of matrices in Adafactor: means over rows and over columns, whose
 * product stands for all. Sums that one tile completes go there at once; those of several tiles are
 * kept and added in order.
 */
final class FactoredMoments {
  private final MatrixTiles tiles;
  private final MemorySegment rows; // r, of each row of each matrix
  private final MemorySegment columns; // c, of each column of each matrix
  private final double epsilon;
  private final PartialSums rowSums; // of each row, one a tile that it runs through
  private final PartialSums columnSums; // for each row of tiles, one a column
  private final MemorySegment rowMeans; // mean(r) of each matrix that has several tiles
  private final MemorySegment rowFactors; // of each row that runs through several tiles
  private final PartialSum total = new PartialSum();

  /** Of the step at work. */
  double beta2;

  FactoredMoments(
      Arena arena, MatrixTiles tiles, MemorySegment rows, MemorySegment columns, double epsilon) {
    this.tiles = tiles;
    this.rows = rows;
    this.columns = columns;
    this.epsilon = epsilon;
    rowSums = new PartialSums(arena, rowSums(tiles));
    columnSums = new PartialSums(arena, columnSums(tiles));
    rowMeans = arena.allocate(rowMeans(tiles) * Double.BYTES, Double.BYTES);
    rowFactors = arena.allocate(rowFactors(tiles) * Float.BYTES, Float.BYTES);
  }

  private static long rowSums(MatrixTiles t) {
    return t.across() > 1 ? t.matrices() * t.rows() * t.across() : 0;
  }

  private static long columnSums(MatrixTiles t) {
    return t.down() > 1 ? t.matrices() * t.down() * t.columns() : 0;
  }

  private static long rowMeans(MatrixTiles t) {
    return t.across() * t.down() > 1 ? t.matrices() : 0;
  }

  private static long rowFactors(MatrixTiles t) {
    return t.across() > 1 ? t.matrices() * t.rows() : 0;
  }

  /** The bytes of working memory of such a tensor. */
  static long scratchBytes(MatrixTiles t) {
    return PartialSums.bytes(rowSums(t) + columnSums(t))
        + rowMeans(t) * Double.BYTES
        + rowFactors(t) * Float.BYTES;
  }

  /** Takes the sum of squares of a row of a tile. */
  void addRow(MatrixTiles.Place tile, long row, PartialSum squares) {
    if (tiles.across() == 1) {
      advance(rows, row, squares.sum, squares.count);
    } else {
      rowSums.set(row * tiles.across() + tile.across, squares.sum, squares.count);
    }
  }

  /** Takes the sums of squares of a tile's columns, from which some gradients were left out. */
  void addColumns(MatrixTiles.Place tile, MemorySegment squares, int[] skips) {
    long height = tile.endRow - tile.firstRow;
    for (int j = 0; j < tile.width; j++) {
      long column = tile.firstColumn + j;
      double sum = squares.get(JAVA_DOUBLE_UNALIGNED, (long) j * Double.BYTES);
      if (tiles.down() == 1) {
        advance(columns, tile.matrix * tiles.columns() + column, sum, height - skips[j]);
      } else {
        long slot = (tile.matrix * tiles.down() + tile.down) * tiles.columns() + column;
        columnSums.set(slot, sum, height - skips[j]);
      }
    }
  }

  /** Adds up what tiles could not complete. */
  void combine() {
    if (tiles.across() > 1) {
      for (long row = 0; row < tiles.matrices() * tiles.rows(); row++) {
        rowSums.total(row * tiles.across(), tiles.across(), 1, total);
        advance(rows, row, total.sum, total.count);
      }
    }
    for (long matrix = 0; tiles.down() > 1 && matrix < tiles.matrices(); matrix++) {
      long first = matrix * tiles.down() * tiles.columns();
      // Row of tiles by row of tiles: a column's sums lie far apart.
      for (long slot = first + tiles.columns(); slot < first + tiles.down() * tiles.columns(); ) {
        slot = columnSums.addAll(slot, tiles.columns(), first);
      }
      for (long column = 0; column < tiles.columns(); column++) {
        columnSums.total(first + column, 1, 1, total);
        advance(columns, matrix * tiles.columns() + column, total.sum, total.count);
      }
    }
    for (long matrix = 0; matrix < rowMeans(tiles); matrix++) {
      rowMeans.set(JAVA_DOUBLE_UNALIGNED, matrix * Double.BYTES, meanOfRows(matrix));
    }
    for (long row = 0; row < rowFactors(tiles); row++) {
      float factor = newRowFactor(row, rowMean(row / tiles.rows()));
      rowFactors.set(JAVA_FLOAT_UNALIGNED, row * Float.BYTES, factor);
    }
  }

  /** s = beta2 s + (1 - beta2) (mean(g^2) + eps1); without gradients it stays as it is. */
  private void advance(MemorySegment state, long index, double squares, long count) {
    if (count > 0) {
      double old = state.get(JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
      float next = QuietNaN.of(beta2 * old + (1 - beta2) * (squares / count + epsilon));
      state.set(JAVA_FLOAT_UNALIGNED, index * Float.BYTES, next < Float.MIN_NORMAL ? 0 : next);
    }
  }

  private double meanOfRows(long matrix) {
    double sum = 0;
    for (long row = matrix * tiles.rows(); row < (matrix + 1) * tiles.rows(); row++) {
      sum += rows.get(JAVA_FLOAT_UNALIGNED, row * Float.BYTES);
    }
    return sum / tiles.rows();
  }

  /** mean(r) of a matrix. */
  double rowMean(long matrix) {
    return rowMeans.byteSize() == 0
        ? meanOfRows(matrix)
        : rowMeans.get(JAVA_DOUBLE_UNALIGNED, matrix * Double.BYTES);
  }

  /** 1 / sqrt(r / mean(r)); 0 where r is, which only eps1 = 0 allows. */
  float rowFactor(long row, double rowMean) {
    return rowFactors.byteSize() == 0
        ? newRowFactor(row, rowMean)
        : rowFactors.get(JAVA_FLOAT_UNALIGNED, row * Float.BYTES);
  }

  private float newRowFactor(long row, double rowMean) {
    double r = rows.get(JAVA_FLOAT_UNALIGNED, row * Float.BYTES);
    return r == 0 ? 0 : (float) (1 / Math.sqrt(r / rowMean));
  }

  /** 1 / sqrt(c) of the columns of a tile; 0 where c is. */
  void columnFactors(MatrixTiles.Place tile, MemorySegment factors) {
    long first = tile.matrix * tiles.columns() + tile.firstColumn;
    boolean areVectors = VectorMode.VECTORS && AdafactorVector.areReady();
    int done = areVectors ? tile.width - tile.width % LaneSums.LANES : 0;
    if (done > 0) {
      AdafactorVector.rootFactors(columns, first, done, factors);
    }
    for (int j = done; j < tile.width; j++) {
      double c = columns.get(JAVA_FLOAT_UNALIGNED, (first + j) * Float.BYTES);
      float factor = c == 0 ? 0 : (float) (1 / Math.sqrt(c));
      factors.set(JAVA_FLOAT_UNALIGNED, (long) j * Float.BYTES, factor);
    }
  }
}
