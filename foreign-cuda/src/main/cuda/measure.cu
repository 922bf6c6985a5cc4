// Sum of squares, largest magnitude and non-finite count: io.spam4j.tensors.internal.simd.Measure, bit for bit.
#include "coordinates.h"
#include "tables.h"

constexpr u32 INFINITE = LARGEST_FINITE + 1;
constexpr u32 NAN_COUNTED = 65537;  // one that is not finite, and one that is NaN

// The elements of the block of a chunk that 16 threads measure; 0 behind the end of the chunk.
DEVICE u32 blockLength(const Chunk& chunk) {
  u32 start = threadIndex() / LANES * MEASURE_BLOCK;
  u32 left = chunk.length > start ? chunk.length - start : 0;
  return left < MEASURE_BLOCK ? left : MEASURE_BLOCK;
}

// Measures the blocks of a chunk, 16 threads a block, because the 16 accumulators of the sum are
// what may run side by side; each warp reads whole sectors.
//   length: elements of this thread's block, which are 0 where there are none
//   c: what is done to each element before; null for nothing
//   slots: of the chunk; writes: whether this thread's block gets its own
DEVICE void measureBlocks(const GLOBAL float* gradient, i64 offset, u32 length,
                          const Coefficients* c, Slot* slots, bool writes) {
  SHARED double sums[THREADS];
  SHARED u32 maxima[THREADS];
  SHARED u32 counts[THREADS];
  u32 thread = threadIndex();
  u32 lane = thread % LANES;
  i64 first = offset + thread / LANES * MEASURE_BLOCK;
  double sum = 0.0;
  u32 largest = 0;
  u32 nonFinite = 0;  // and, in the upper half, how many of them are NaN: a block is shorter
  u32 lowered = 0;
#pragma unroll 8
  for (u32 p = lane; p < length; p += LANES) {
    float element = gradient[first + p];
    u32 bits = magnitudeBits(c == nullptr ? element : scaledAndClipped(element, *c, lowered));
    bool finite = bits <= LARGEST_FINITE;
    nonFinite += finite ? 0 : bits == INFINITE ? 1 : NAN_COUNTED;
    bits = finite ? bits : 0;  // adding 0 changes no sum
    largest = bits > largest ? bits : largest;
    double value = floatOf(bits);
    sum = add(sum, multiply(value, value));
  }
  sums[thread] = sum;
  maxima[thread] = largest;
  counts[thread] = nonFinite;
  // ((a0 + a1) + (a2 + a3)) + ...
  for (u32 stride = 1; stride < LANES; stride *= 2) {
    barrier();
    if (lane % (2 * stride) == 0) {
      u32 other = thread + stride;
      sums[thread] = add(sums[thread], sums[other]);
      maxima[thread] = maxima[thread] > maxima[other] ? maxima[thread] : maxima[other];
      counts[thread] += counts[other];
    }
  }
  if (lane == 0 && writes) {
    Slot* slot = &slots[thread / LANES];
    slot->sumOfSquares = sums[thread];
    slot->maxAbs = floatOf(maxima[thread]);
    i64 count = counts[thread] % 65536;
    slot->nonFinite = counts[thread] < 65536 ? count : count + HAS_NAN;
  }
}

// Measures gradients in blocks of MEASURE_BLOCK elements. A chunk starts at a multiple of that and
// has at most TILE elements; its base is the slot of its first block.
KERNEL void spam4j_measure(const Tensor* tensors, const Chunk* chunks, Slot* slots) {
  const Chunk chunk = chunks[blockIndex()];
  const GLOBAL float* gradient = tensors[chunk.tensor].gradient;
  u32 length = blockLength(chunk);
  u32 measured = gradient == nullptr ? 0 : length;
  measureBlocks(gradient, chunk.offset, measured, nullptr, slots + chunk.base, length != 0);
}

// Measures the blocks again in which the clip lowers something, after both scales and the clip; the
// others keep their slots (TransformChain.measureAgain of the engine).
KERNEL void spam4j_measure_again(const Tensor* tensors, const Chunk* chunks,
                                 const Coefficients* coefficients, Slot* slots) {
  const Chunk chunk = chunks[blockIndex()];
  const Coefficients c = coefficients[chunk.tensor];
  const GLOBAL float* gradient = tensors[chunk.tensor].gradient;
  u32 length = gradient == nullptr ? 0 : blockLength(chunk);
  const Slot* slot = &slots[chunk.base + threadIndex() / LANES];
  if (length != 0 && !(toFloat(slot->maxAbs) > c.clipAbove)) {
    length = 0;
  }
  measureBlocks(gradient, chunk.offset, length, &c, slots + chunk.base, length != 0);
}

// Makes the slots of measured chunks those of the same elements times the factor that a link has
// decided: Measure.scale. One thread a slot.
KERNEL void spam4j_rescale(const Tensor* tensors, const Chunk* chunks,
                           const Coefficients* coefficients, u32 place, Slot* slots) {
  const Chunk chunk = chunks[blockIndex()];
  const Coefficients* c = &coefficients[chunk.tensor];
  float factor = place == NORM_SCALE ? c->normScale : c->gradientScale;
  u32 thread = threadIndex();
  bool any = tensors[chunk.tensor].gradient != nullptr && factor != 1.0f;
  if (any && thread < TILE / MEASURE_BLOCK && thread * MEASURE_BLOCK < chunk.length) {
    Slot* slot = &slots[chunk.base + thread];
    double wide = factor;
    slot->sumOfSquares = multiply(multiply(slot->sumOfSquares, wide), wide);
    slot->maxAbs = multiply(toFloat(slot->maxAbs), magnitude(factor));
    if (slot->nonFinite != 0 && (factor == 0.0f || factor != factor)) {
      slot->nonFinite |= HAS_NAN;  // of infinities
    }
  }
}

// A sum with Neumaier's compensation.
struct Compensated {
  double sum;
  double compensation;
};

DEVICE void addTerm(Compensated& to, double term) {
  double next = add(to.sum, term);
  bool ordered = to.sum >= term;
  double large = ordered ? to.sum : term;
  double small = ordered ? term : to.sum;
  to.compensation = add(to.compensation, add(subtract(large, next), small));
  to.sum = next;
}

DEVICE double totalOf(const Compensated& of) { return add(of.sum, of.compensation); }

// Math.max of Java, of magnitudes: NaN if either is.
DEVICE double largerMagnitude(double a, double b) { return a > b || a != a ? a : b; }

// Adds slots as io.spam4j.tensors.internal.simd.MeasureSum does: a thread adds a group of slots in order,
// then one thread the groups.
DEVICE void addSlots(const Slot* slots, i64 count, Slot* to) {
  SHARED Slot parts[THREADS];
  u32 thread = threadIndex();
  Compensated sum = {0.0, 0.0};
  double maxAbs = 0.0;
  i64 nonFinite = 0;
  i64 hasNaN = 0;
  for (i64 done = 0; done < count; done += (i64)THREADS * GROUP) {
    i64 first = done + thread * GROUP;
    i64 end = first + GROUP < count ? first + GROUP : count;
    Compensated group = {0.0, 0.0};
    double groupMax = 0.0;
    i64 groupNonFinite = 0;
    i64 groupHasNaN = 0;
    for (i64 i = first; i < end; i++) {
      addTerm(group, slots[i].sumOfSquares);
      groupMax = largerMagnitude(slots[i].maxAbs, groupMax);
      groupNonFinite += slots[i].nonFinite & ~HAS_NAN;
      groupHasNaN |= slots[i].nonFinite & HAS_NAN;
    }
    barrier();
    parts[thread] = Slot{totalOf(group), groupMax, groupNonFinite | groupHasNaN};
    barrier();
    if (thread == 0) {
      i64 groups = (count - done + GROUP - 1) / GROUP;
      u32 fetched = groups < THREADS ? (u32)groups : THREADS;
      for (u32 i = 0; i < fetched; i++) {
        addTerm(sum, parts[i].sumOfSquares);
        maxAbs = largerMagnitude(parts[i].maxAbs, maxAbs);
        nonFinite += parts[i].nonFinite & ~HAS_NAN;
        hasNaN |= parts[i].nonFinite & HAS_NAN;
      }
    }
  }
  if (thread == 0) {
    to->sumOfSquares = totalOf(sum);
    to->maxAbs = maxAbs;
    to->nonFinite = nonFinite | hasNaN;
  }
}

// Adds ranges of slots, a block of threads a range. A tensor without a gradient has zeros.
KERNEL void spam4j_measure_sum(const Range* ranges, const Slot* slots, Slot* states) {
  const Range range = ranges[blockIndex()];
  addSlots(slots + range.first, range.count, &states[blockIndex()]);
}

// Adds what spam4j_measure_sum has found of all tensors. One block of threads.
KERNEL void spam4j_measure_total(const Slot* states, Slot* total, u32 tensors) {
  addSlots(states, tensors, total);
}
