// The fused update: io.spam4j.engine.internal.kernel.UpdateScalar, operation by operation.
#include "coordinates.h"
#include "tables.h"

// What one thread counted.
struct Counts {
  u32 spikes;
  u32 skipped;
  u32 lowered;
  u32 clamped;
  float largestRatio;
  u32 largestAt;
};

DEVICE bool isAligned(const GLOBAL float* a) { return ((i64)a & 15) == 0; }

DEVICE float flush(float moment, const Coefficients& c) {
  return magnitude(moment) < c.flushBelow ? 0.0f : moment;
}

// The smallest float r with r * v >= g^2. Both are positive, so the next float is the next integer.
DEVICE float ratio(float square, float second) {
  u32 finite = bitsOf(square) < LARGEST_FINITE ? bitsOf(square) : LARGEST_FINITE;
  u32 bits = bitsOf(divide(floatOf(finite), second));
  bits = bits < 2 ? 0 : bits - 2;
  while (multiply(floatOf(bits), second) < square) {
    bits++;
  }
  return floatOf(bits);
}

// The gradient after scale, clip and norm scale;  |g| <= limit
DEVICE float transformed(float raw, const Coefficients& c, Counts& counts) {
  float gradient = scaledAndClipped(raw, c, counts.lowered);
  if (magnitude(gradient) > c.gradientLimit) {
    gradient = withSign(c.gradientLimit, gradient);
    counts.clamped++;
  }
  return gradient;
}

DEVICE bool isSpike(float square, float threshold, float second, const Coefficients& c) {
  bool canClipAtZero = (c.flags & CLIPS_AT_ZERO) != 0 && c.spikeThreshold != __builtin_inff();
  return square > threshold && (second != 0.0f || canClipAtZero);
}

DEVICE bool movesWeights(const Coefficients& c) {
  return (c.flags & LEAVES_WEIGHTS) == 0 && changesWeights(c);
}

// One coordinate, which is number `at` of its chunk. What stays as it is keeps its bits.
DEVICE void update(float& weight, float raw, float& first, float& second, u32 at,
                   const Coefficients& c, bool moves, Counts& counts) {
  if ((c.flags & SKIPS_NON_FINITE) != 0 && !isFinite(raw)) {
    counts.skipped++;
  } else {
    first = flush(first, c);
    second = flush(second, c);
    float gradient = transformed(raw, c, counts);
    // g += lambda * w
    if (c.coupledDecay != 0.0f) {
      gradient = add(gradient, multiply(c.coupledDecay, weight));
    }

    // spike: g^2 > theta * v  =>  g = sign(g) * sqrt(theta * v), or 0
    float square = multiply(gradient, gradient);
    if (square > multiply(counts.largestRatio, second) && second > 0.0f && square >= 0x1p-126f) {
      counts.largestRatio = ratio(square, second);
      counts.largestAt = at;
    }
    float threshold = multiply(c.spikeThreshold, second);
    if (isSpike(square, threshold, second, c)) {
      bool nullifies = (c.flags & NULLIFIES_SPIKES) != 0;
      gradient = nullifies ? 0.0f : withSign(squareRoot(threshold), gradient);
      square = multiply(gradient, gradient);
      counts.spikes++;
    }

    // m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2
    first = flush(add(multiply(c.beta1, first), multiply(c.oneMinusBeta1, gradient)), c);
    second = flush(add(multiply(c.beta2, second), multiply(c.oneMinusBeta2, square)), c);
    if (moves) {
      weight = moved(weight, first, second, c);
    }
  }
  if ((c.flags & ZEROES_MOMENTS_AFTER) != 0) {
    first = 0.0f;
    second = 0.0f;
  }
}

DEVICE Counts noCounts() { return Counts{0, 0, 0, 0, 0.0f, 0}; }

// Adds the counts of all threads of the block. Whole numbers: the order does not matter.
DEVICE void collect(const Counts& counts, ChunkTally* tally) {
  SHARED u32 sums[4];
  SHARED u32 largestBits;
  SHARED u32 largestAt;
  u32 thread = threadIndex();
  if (thread == 0) {
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    largestBits = 0;
    largestAt = 0xffffffffu;
  }
  barrier();
  if (counts.spikes != 0) sharedAdd(&sums[0], counts.spikes);
  if (counts.skipped != 0) sharedAdd(&sums[1], counts.skipped);
  if (counts.lowered != 0) sharedAdd(&sums[2], counts.lowered);
  if (counts.clamped != 0) sharedAdd(&sums[3], counts.clamped);
  // Floats that are not negative are ordered as their bits are.
  u32 bits = bitsOf(counts.largestRatio);
  if (bits != 0) sharedMax(&largestBits, bits);
  barrier();
  if (bits != 0 && bits == largestBits) sharedMin(&largestAt, counts.largestAt);
  barrier();
  if (thread == 0) {
    tally->spikes = sums[0];
    tally->skipped = sums[1];
    tally->lowered = sums[2];
    tally->clamped = sums[3];
    tally->largestRatio = floatOf(largestBits);
    tally->largestAt = largestAt;
  }
}

// Dense moments. One block of threads a chunk.
KERNEL void spam4j_update(const Tensor* tensors, const Chunk* chunks,
                          const Coefficients* coefficients, ChunkTally* tallies) {
  const Chunk chunk = chunks[blockIndex()];
  const Tensor tensor = tensors[chunk.tensor];
  const Coefficients c = coefficients[chunk.tensor];
  Counts counts = noCounts();
  if (tensor.gradient != nullptr) {
    GLOBAL float* w = tensor.weights + chunk.offset;
    const GLOBAL float* g = tensor.gradient + chunk.offset;
    GLOBAL float* m = tensor.first + chunk.offset;
    GLOBAL float* v = tensor.second + chunk.offset;
    bool moves = movesWeights(c);
    bool resets = (c.flags & RESETS_MOMENTS) != 0;
    u32 tail = 0;
    if (isAligned(w) && isAligned(g) && isAligned(m) && isAligned(v)) {
      u32 quads = chunk.length / 4;
      tail = quads * 4;
      for (u32 i = threadIndex(); i < quads; i += THREADS) {
        Quad weights = ((GLOBAL Quad*)w)[i];
        Quad raw = ((const GLOBAL Quad*)g)[i];
        Quad firsts = {};
        Quad seconds = {};
        if (!resets) {
          firsts = ((GLOBAL Quad*)m)[i];
          seconds = ((GLOBAL Quad*)v)[i];
        }
#pragma unroll
        for (u32 k = 0; k < 4; k++) {
          float weight = weights[k];
          float first = firsts[k];
          float second = seconds[k];
          update(weight, raw[k], first, second, i * 4 + k, c, moves, counts);
          weights[k] = weight;
          firsts[k] = first;
          seconds[k] = second;
        }
        ((GLOBAL Quad*)m)[i] = firsts;
        ((GLOBAL Quad*)v)[i] = seconds;
        if (moves) {
          ((GLOBAL Quad*)w)[i] = weights;
        }
      }
    }
    for (u32 i = tail + threadIndex(); i < chunk.length; i += THREADS) {
      float weight = w[i];
      float first = resets ? 0.0f : m[i];
      float second = resets ? 0.0f : v[i];
      update(weight, g[i], first, second, i, c, moves, counts);
      m[i] = first;
      v[i] = second;
      if (moves) {
        w[i] = weight;
      }
    }
  }
  collect(counts, &tallies[blockIndex()]);
}

constexpr u32 AT_ONCE = 4; // selected elements that a thread loads together

// Packed moments of selected weights, in place: nothing is gathered. One block of threads a chunk.
KERNEL void spam4j_update_sparse(const Tensor* tensors, const Chunk* chunks,
                                 const Coefficients* coefficients, ChunkTally* tallies) {
  const Chunk chunk = chunks[blockIndex()];
  const Tensor tensor = tensors[chunk.tensor];
  const Coefficients c = coefficients[chunk.tensor];
  Counts counts = noCounts();
  if (tensor.gradient != nullptr) {
    GLOBAL float* w = tensor.weights + chunk.base;
    const GLOBAL float* g = tensor.gradient + chunk.base;
    const GLOBAL u16* positions = tensor.positions + chunk.offset;
    GLOBAL float* m = tensor.first + chunk.offset;
    GLOBAL float* v = tensor.second + chunk.offset;
    bool moves = movesWeights(c);
    bool resets = (c.flags & RESETS_MOMENTS) != 0;
    // What is selected lies apart, so a load waits long; several at a time wait together. Positions
    // ascend with i, so the first of them is also the first of the packed elements.
    u32 i = threadIndex();
    for (; i + (AT_ONCE - 1) * THREADS < chunk.length; i += AT_ONCE * THREADS) {
      u32 at[AT_ONCE];
      float weight[AT_ONCE];
      float raw[AT_ONCE];
      float first[AT_ONCE];
      float second[AT_ONCE];
#pragma unroll
      for (u32 k = 0; k < AT_ONCE; k++) {
        at[k] = positions[i + k * THREADS];
        first[k] = resets ? 0.0f : m[i + k * THREADS];
        second[k] = resets ? 0.0f : v[i + k * THREADS];
      }
#pragma unroll
      for (u32 k = 0; k < AT_ONCE; k++) {
        weight[k] = w[at[k]];
        raw[k] = g[at[k]];
      }
#pragma unroll
      for (u32 k = 0; k < AT_ONCE; k++) {
        update(weight[k], raw[k], first[k], second[k], at[k], c, moves, counts);
        m[i + k * THREADS] = first[k];
        v[i + k * THREADS] = second[k];
        if (moves) {
          w[at[k]] = weight[k];
        }
      }
    }
    for (; i < chunk.length; i += THREADS) {
      u32 at = positions[i];
      float weight = w[at];
      float first = resets ? 0.0f : m[i];
      float second = resets ? 0.0f : v[i];
      update(weight, g[at], first, second, at, c, moves, counts);
      m[i] = first;
      v[i] = second;
      if (moves) {
        w[at] = weight;
      }
    }
  }
  collect(counts, &tallies[blockIndex()]);
}

// Adds the tallies of ranges of chunks, each of one tensor. One block of threads a range.
KERNEL void spam4j_tally(const Range* ranges, const Chunk* chunks, const ChunkTally* tallies,
                         Tally* totals) {
  SHARED i64 sums[4][THREADS];
  SHARED float largestRatio[THREADS];
  SHARED i64 largestAt[THREADS];
  const Range range = ranges[blockIndex()];
  u32 thread = threadIndex();
  i64 spikes = 0, skipped = 0, lowered = 0, clamped = 0, at = -1;
  float largest = 0.0f;
  for (i64 i = range.first + thread; i < range.first + range.count; i += THREADS) {
    const ChunkTally tally = tallies[i];
    spikes += tally.spikes;
    skipped += tally.skipped;
    lowered += tally.lowered;
    clamped += tally.clamped;
    if (tally.largestRatio > largest) {
      largest = tally.largestRatio;
      at = chunks[i].base + tally.largestAt;
    }
  }
  sums[0][thread] = spikes;
  sums[1][thread] = skipped;
  sums[2][thread] = lowered;
  sums[3][thread] = clamped;
  largestRatio[thread] = largest;
  largestAt[thread] = at;
  for (u32 half = THREADS / 2; half > 0; half /= 2) {
    barrier();
    if (thread < half) {
      u32 other = thread + half;
      for (u32 k = 0; k < 4; k++) {
        sums[k][thread] += sums[k][other];
      }
      float mine = largestRatio[thread];
      float theirs = largestRatio[other];
      // Of equal ones the first element counts.
      if (theirs > mine || (theirs == mine && largestAt[other] < largestAt[thread])) {
        largestRatio[thread] = theirs;
        largestAt[thread] = largestAt[other];
      }
    }
  }
  if (thread == 0) {
    Tally* total = &totals[blockIndex()];
    total->spikes = sums[0][0];
    total->skipped = sums[1][0];
    total->lowered = sums[2][0];
    total->clamped = sums[3][0];
    total->largestAt = largestAt[0];
    total->largestRatio = largestRatio[0];
    total->reserved = 0;
  }
}
