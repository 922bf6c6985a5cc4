// Moments between layouts. None of these kernels calculates: what is copied keeps its bits.
#include "tables.h"

// Sets both moments of a chunk; a null pointer is left out.
KERNEL void spam4j_fill(const Tensor* tensors, const Chunk* chunks, float value) {
  const Chunk chunk = chunks[blockIndex()];
  const Tensor tensor = tensors[chunk.tensor];
  for (u32 k = 0; k < 2; k++) {
    GLOBAL float* moment = k == 0 ? tensor.first : tensor.second;
    if (moment == nullptr) {
      continue;
    }
    GLOBAL float* to = moment + chunk.offset;
    u32 tail = 0;
    if (((i64)to & 15) == 0) {
      u32 quads = chunk.length / 4;
      tail = quads * 4;
      for (u32 i = threadIndex(); i < quads; i += THREADS) {
        ((GLOBAL Quad*)to)[i] = Quad{value, value, value, value};
      }
    }
    for (u32 i = tail + threadIndex(); i < chunk.length; i += THREADS) {
      to[i] = value;
    }
  }
}

// Packed moments after a change of the mask: kept where a weight stays selected, else 0. Old and
// new memory must not overlap. A binary search a weight: it happens once in hundreds of steps.
KERNEL void spam4j_remap(const Tensor* before, const Tensor* after, const TileChange* changes) {
  const TileChange change = changes[blockIndex()];
  const Tensor old = before[change.tensor];
  const Tensor next = after[change.tensor];
  for (u32 i = threadIndex(); i < change.newLength; i += THREADS) {
    u32 wanted = next.positions[change.newOffset + i];
    u32 low = 0;
    u32 high = change.oldLength;
    while (low < high) {
      u32 middle = (low + high) / 2;
      if (old.positions[change.oldOffset + middle] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    bool kept = low < change.oldLength && old.positions[change.oldOffset + low] == wanted;
    next.first[change.newOffset + i] = kept ? old.first[change.oldOffset + low] : 0.0f;
    next.second[change.newOffset + i] = kept ? old.second[change.oldOffset + low] : 0.0f;
  }
}
