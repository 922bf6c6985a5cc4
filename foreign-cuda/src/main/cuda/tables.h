// The tables in device memory that the kernels share with the host, which fills them. Little-endian,
// 64-bit pointers; offsets are in README.md and asserted here.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef long long i64;

// Threads of every block of every kernel.
constexpr u32 THREADS = 256;

// Elements of a tile: the positions of a sparse chunk are relative to a multiple of it.
constexpr u32 TILE = 65536;

// Elements of a block of the measure, and its accumulators: as in io.spam4j.tensors.internal.simd.Measure.
constexpr u32 MEASURE_BLOCK = 4096;
constexpr u32 LANES = 16;

// Slots that are added one after another: as in io.spam4j.tensors.internal.simd.MeasureSum.
constexpr u32 GROUP = 64;

// Four floats in one access of 16 bytes.
typedef float Quad __attribute__((vector_size(16)));

// Where a tensor lies. Sparse moments are packed; then positions has one entry a moment.
struct Tensor {
  GLOBAL float* weights;
  const GLOBAL float* gradient;  // null: no gradient at this step
  GLOBAL float* first;
  GLOBAL float* second;
  const GLOBAL u16* positions;  // null where the moments are dense
  i64 elements;          // of weights and gradient
  i64 moments;           // of first and second each
  GLOBAL float* largest;  // second moments so far, for AMSGrad, laid out as second; may be null
};

// What one block of threads does. Chunks of a tensor are consecutive and ascending.
struct Chunk {
  i64 offset;  // first element; of the moments, where they are sparse
  i64 base;    // sparse: first element of the tile; measure: first slot; else as offset
  u32 length;  // elements; at most TILE where sparse or measured
  u32 tensor;
};

// What a remapping block does: one tile of one tensor, before and after a change of the mask.
struct TileChange {
  i64 oldOffset;
  i64 newOffset;
  u32 oldLength;  // 0 if nothing was selected in the tile
  u32 newLength;
  u32 tensor;
  u32 reserved;
};

// io.spam4j.engine.decision.UpdateCoefficients of one tensor at one step.
struct alignas(16) Coefficients {
  float gradientScale;
  float clipAbove;
  float clipDivisor;
  float clipTo;
  float normScale;
  float gradientLimit;
  float coupledDecay;
  float spikeThreshold;
  float beta1;
  float oneMinusBeta1;
  float beta2;
  float oneMinusBeta2;
  float flushBelow;
  float epsilon;
  float stepSize;
  float decayBefore;
  float decayAfter;
  u32 flags;
  i64 sinceReset;  // updates of the tensor since its moments were reset, this one included
};

constexpr u32 NULLIFIES_SPIKES = 1;
constexpr u32 CLIPS_AT_ZERO = 2;
constexpr u32 SKIPS_NON_FINITE = 4;
constexpr u32 LEAVES_WEIGHTS = 8;
constexpr u32 RESETS_MOMENTS = 16;
constexpr u32 ZEROES_MOMENTS_AFTER = 32;

// What the update of a chunk counted.
struct ChunkTally {
  u32 spikes;
  u32 skipped;
  u32 lowered;
  u32 clamped;
  float largestRatio;
  u32 largestAt;  // relative to the chunk; meaningless where largestRatio is 0
};

// The same of a range of chunks: io.spam4j.engine.internal.kernel.UpdateTally.
struct Tally {
  i64 spikes;
  i64 skipped;
  i64 lowered;
  i64 clamped;
  i64 largestAt;  // the element of the tensor; -1 if none
  float largestRatio;
  u32 reserved;
};

// A slot of io.spam4j.tensors.internal.simd.Measure.
struct Slot {
  double sumOfSquares;
  double maxAbs;
  i64 nonFinite;  // plus HAS_NAN
};

constexpr i64 HAS_NAN = 1LL << 62;  // of those that are not finite some are NaN

// Consecutive chunks or slots.
struct Range {
  i64 first;
  i64 count;
};

// A gradient transform that is decided on the device.
struct Link {
  u32 type;
  u32 place;
  u32 flags;
  u32 reserved;
  double numbers[6];  // those that its type names, in the order written there
};

constexpr u32 DECIDED = 0;      // what the coefficients say already
constexpr u32 GLOBAL_NORM = 1;  // maxNorm
constexpr u32 ZCLIP = 2;        // threshold, decay, warmupSteps
constexpr u32 ADA_CLIP = 3;     // decay
constexpr u32 ADA_GN = 4;       // meanDecay of this step, squareDecay, epsilon

// Where in Coefficients it writes.
constexpr u32 GRADIENT_SCALE = 0;
constexpr u32 CLIP = 1;
constexpr u32 NORM_SCALE = 2;

constexpr u32 SHARED_COUNTER = 1;     // the steps counted are Coefficients.sinceReset, not its own
constexpr u32 COUNTS_ZERO_NORMS = 2;  // a norm of 0 enters the averages
constexpr u32 POISONS = 4;            // what is not finite makes statistics infinite or NaN; else left out

// What a link knows of a tensor from step to step, as in the files of the engine.
//   ADA_CLIP: m_max_t, m_max_count;  ADA_GN: m_norm_t, v_norm_t, norm_count
//   ZCLIP: zclip_norms, zclip_mean, zclip_var, the same for all tensors
struct History {
  double numbers[4];
};

#define AT(type, field, offset) \
  static_assert(__builtin_offsetof(type, field) == offset, "offset of " #field)

static_assert(sizeof(void*) == 8, "64-bit pointers");
static_assert(sizeof(Quad) == 16, "size of Quad");
static_assert(sizeof(Tensor) == 64, "size of Tensor");
AT(Tensor, weights, 0);
AT(Tensor, gradient, 8);
AT(Tensor, first, 16);
AT(Tensor, second, 24);
AT(Tensor, positions, 32);
AT(Tensor, elements, 40);
AT(Tensor, moments, 48);
AT(Tensor, largest, 56);
static_assert(sizeof(Chunk) == 24, "size of Chunk");
AT(Chunk, offset, 0);
AT(Chunk, base, 8);
AT(Chunk, length, 16);
AT(Chunk, tensor, 20);
static_assert(sizeof(TileChange) == 32, "size of TileChange");
AT(TileChange, oldOffset, 0);
AT(TileChange, newOffset, 8);
AT(TileChange, oldLength, 16);
AT(TileChange, newLength, 20);
AT(TileChange, tensor, 24);
static_assert(sizeof(Coefficients) == 80, "size of Coefficients");
AT(Coefficients, gradientScale, 0);
AT(Coefficients, clipAbove, 4);
AT(Coefficients, clipDivisor, 8);
AT(Coefficients, clipTo, 12);
AT(Coefficients, normScale, 16);
AT(Coefficients, gradientLimit, 20);
AT(Coefficients, coupledDecay, 24);
AT(Coefficients, spikeThreshold, 28);
AT(Coefficients, beta1, 32);
AT(Coefficients, oneMinusBeta1, 36);
AT(Coefficients, beta2, 40);
AT(Coefficients, oneMinusBeta2, 44);
AT(Coefficients, flushBelow, 48);
AT(Coefficients, epsilon, 52);
AT(Coefficients, stepSize, 56);
AT(Coefficients, decayBefore, 60);
AT(Coefficients, decayAfter, 64);
AT(Coefficients, flags, 68);
AT(Coefficients, sinceReset, 72);
static_assert(sizeof(ChunkTally) == 24, "size of ChunkTally");
AT(ChunkTally, spikes, 0);
AT(ChunkTally, skipped, 4);
AT(ChunkTally, lowered, 8);
AT(ChunkTally, clamped, 12);
AT(ChunkTally, largestRatio, 16);
AT(ChunkTally, largestAt, 20);
static_assert(sizeof(Tally) == 48, "size of Tally");
AT(Tally, spikes, 0);
AT(Tally, skipped, 8);
AT(Tally, lowered, 16);
AT(Tally, clamped, 24);
AT(Tally, largestAt, 32);
AT(Tally, largestRatio, 40);
static_assert(sizeof(Slot) == 24, "size of Slot");
AT(Slot, sumOfSquares, 0);
AT(Slot, maxAbs, 8);
AT(Slot, nonFinite, 16);
static_assert(sizeof(Range) == 16, "size of Range");
AT(Range, first, 0);
AT(Range, count, 8);
static_assert(sizeof(Link) == 64, "size of Link");
AT(Link, type, 0);
AT(Link, place, 4);
AT(Link, flags, 8);
AT(Link, numbers, 16);
static_assert(sizeof(History) == 32, "size of History");

#undef AT
