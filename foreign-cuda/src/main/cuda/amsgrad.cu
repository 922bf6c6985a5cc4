// The weights' half of an update by the largest second moment: io.spam4j.engine.internal.kernel.Amsgrad.
#include "coordinates.h"
#include "tables.h"

// Math.max of Java: NaN if either is, and 0 is larger than -0.
DEVICE float larger(float a, float b) {
  if (a == b) {
    return floatOf(bitsOf(a) & bitsOf(b));
  }
  return a > b || a != a ? a : b;
}

// After spam4j_update or spam4j_update_sparse of the same chunks, with LEAVES_WEIGHTS and without a
// reset. Packed moments where the tensor has positions.
KERNEL void spam4j_amsgrad(const Tensor* tensors, const Chunk* chunks,
                           const Coefficients* coefficients) {
  const Chunk chunk = chunks[blockIndex()];
  const Tensor tensor = tensors[chunk.tensor];
  const Coefficients c = coefficients[chunk.tensor];
  if (tensor.gradient == nullptr) {
    return;
  }
  bool sparse = tensor.positions != nullptr;
  bool skips = (c.flags & SKIPS_NON_FINITE) != 0;
  bool moves = changesWeights(c);
  for (u32 i = threadIndex(); i < chunk.length; i += THREADS) {
    i64 moment = chunk.offset + i;
    i64 element = chunk.base + (sparse ? tensor.positions[moment] : i);
    if (skips && !isFinite(tensor.gradient[element])) {
      continue;
    }
    float second = larger(tensor.largest[moment], tensor.second[moment]);
    tensor.largest[moment] = second;
    if (moves) {
      tensor.weights[element] = moved(tensor.weights[element], tensor.first[moment], second, c);
    }
  }
}
