// Sum of squares, largest magnitude and non-finite count: io.spam4j.tensors.simd.Measure, bit for bit.
#include "tables.h"

// Measures gradients in blocks of MEASURE_BLOCK elements. A chunk starts at a multiple of that and
// has at most TILE elements; its base is the slot of its first block. 16 threads a block, because
// the 16 accumulators of the sum are what may run side by side; each warp reads whole sectors.
KERNEL void spam4j_measure(const Tensor* tensors, const Chunk* chunks, Slot* slots) {
  SHARED double sums[THREADS];
  SHARED u32 maxima[THREADS];
  SHARED u32 counts[THREADS];
  const Chunk chunk = chunks[blockIndex()];
  const GLOBAL float* gradient = tensors[chunk.tensor].gradient;
  u32 thread = threadIndex();
  u32 lane = thread % LANES;
  u32 group = thread / LANES;
  u32 start = group * MEASURE_BLOCK;
  u32 left = chunk.length > start ? chunk.length - start : 0;
  u32 length = gradient == nullptr ? 0 : left < MEASURE_BLOCK ? left : MEASURE_BLOCK;
  i64 first = chunk.offset + start;
  double sum = 0.0;
  u32 largest = 0;
  u32 nonFinite = 0;
#pragma unroll 8
  for (u32 p = lane; p < length; p += LANES) {
    u32 bits = bitsOf(gradient[first + p]) & 0x7fffffffu;
    bool finite = bits < 0x7f800000u;
    nonFinite += finite ? 0 : 1;
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
  if (lane == 0 && left != 0) {
    Slot* slot = &slots[chunk.base + group];
    slot->sumOfSquares = sums[thread];
    slot->maxAbs = floatOf(maxima[thread]);
    slot->nonFinite = counts[thread];
  }
}

// Adds ranges of slots in index order, as io.spam4j.tensors.simd.MeasureSum does (Neumaier). One
// block of threads a range: all fetch, one adds, for the order is part of the result.
KERNEL void spam4j_measure_sum(const Range* ranges, const Slot* slots, TensorState* states) {
  SHARED Slot fetched[THREADS];
  const Range range = ranges[blockIndex()];
  u32 thread = threadIndex();
  double sum = 0.0;
  double compensation = 0.0;
  double maxAbs = 0.0;
  i64 nonFinite = 0;
  for (i64 done = 0; done < range.count; done += THREADS) {
    i64 left = range.count - done;
    u32 count = left < THREADS ? (u32)left : THREADS;
    barrier();
    if (thread < count) {
      fetched[thread] = slots[range.first + done + thread];
    }
    barrier();
    if (thread == 0) {
      for (u32 i = 0; i < count; i++) {
        const Slot slot = fetched[i];
        double term = slot.sumOfSquares;
        double next = add(sum, term);
        bool ordered = sum >= term;
        double large = ordered ? sum : term;
        double small = ordered ? term : sum;
        compensation = add(compensation, add(subtract(large, next), small));
        sum = next;
        maxAbs = slot.maxAbs > maxAbs ? slot.maxAbs : maxAbs;
        nonFinite += slot.nonFinite;
      }
    }
  }
  if (thread == 0) {
    TensorState* state = &states[blockIndex()];
    state->sumOfSquares = add(sum, compensation);
    state->maxAbs = maxAbs;
    state->nonFinite = nonFinite;
  }
}
