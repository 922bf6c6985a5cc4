package io.spam4j.engine.internal.adafactor;

import io.spam4j.engine.internal.work.WorkPlan;
import io.spam4j.tensors.Tensor;

/**
 * How Adafactor sees a tensor: as a batch of matrices of its last two dimensions, each cut into
 * tiles, so that several threads can sum its rows and columns while the sums that they leave are
 * few. A vector or scalar is one row.
 *
 * @param matrices how many
 * @param rows of each matrix
 * @param columns of each matrix
 * @param height rows of a tile; the last ones of a matrix may have fewer
 * @param width columns of a tile; likewise
 */
record MatrixTiles(long matrices, long rows, long columns, long height, int width) {
  /** The most columns of a tile of a matrix, and the rows of one that wide. */
  static final int SIDE = 256;

  static MatrixTiles of(long[] shape) {
    int rank = shape.length;
    long elements = Tensor.elements(shape);
    if (rank < 2) {
      return new MatrixTiles(1, 1, elements, 1, (int) Math.min(elements, WorkPlan.UNIT));
    }
    long rows = shape[rank - 2];
    long columns = shape[rank - 1];
    long matrices = elements / (rows * columns);
    int width = (int) Math.min(columns, SIDE);
    return new MatrixTiles(matrices, rows, columns, Math.min(rows, SIDE * SIDE / width), width);
  }

  /** Tiles side by side in a matrix. */
  long across() {
    return (columns + width - 1) / width;
  }

  /** Tiles above each other in a matrix. */
  long down() {
    return (rows + height - 1) / height;
  }

  /** Tiles of all matrices, counted along rows of tiles. */
  long count() {
    return matrices * down() * across();
  }

  /** The elements of a whole tile. */
  long area() {
    return height * width;
  }

  /** How many tiles a piece of {@link WorkPlan#ofRows} has. */
  long perPiece() {
    return Math.max(1, WorkPlan.UNIT / area());
  }

  /** The pieces of {@link WorkPlan#ofRows}. */
  long pieces() {
    return (count() + perPiece() - 1) / perPiece();
  }

  /** Where a tile lies. Mutable and reused, because a step allocates nothing. */
  static final class Place {
    long matrix;
    long across; // of the tiles side by side, this one's number
    long down; // of those above each other
    long firstRow; // counted through all matrices
    long endRow;
    long firstColumn; // in its matrix
    int width;
  }

  void locate(long tile, Place place) {
    long perMatrix = down() * across();
    place.matrix = tile / perMatrix;
    place.down = tile % perMatrix / across();
    place.across = tile % across();
    place.firstRow = place.matrix * rows + place.down * height;
    place.endRow = Math.min(place.firstRow + height, (place.matrix + 1) * rows);
    place.firstColumn = place.across * width;
    place.width = (int) Math.min(width, columns - place.firstColumn);
  }
}
