/*
 * The fused update by hand, for AVX-512 or AVX2: what the loop of the engine is timed against. Each
 * operation is rounded on its own, in the order of UpdateScalar; no fma, no reciprocals. Compile
 * with -O3 -march=native -ffp-contract=off.
 */
#include <float.h>
#include <immintrin.h>
#include <math.h>

struct coefficients {
  float gradient_scale, norm_scale, gradient_limit, spike_threshold;
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float flush_below, epsilon, step_size, decay_before, decay_after, largest_ratio;
  int spikes, clamped;
};

static float flush(float moment, float below) { return fabsf(moment) < below ? 0 : moment; }

/* The smallest float r with r * v >= g^2, up to rounding. */
static float ratio(float square, float second) {
  float r = fminf(square, FLT_MAX) / second;
  r = nextafterf(nextafterf(r, -INFINITY), -INFINITY);
  while (r * second < square) {
    r = nextafterf(r, INFINITY);
  }
  return r;
}

/* One coordinate after the other; what is not finite is skipped. */
static void by_element(float *w, const float *g, float *m, float *v, long from, long to,
                       struct coefficients *c) {
  for (long i = from; i < to; i++) {
    if (!isfinite(g[i])) {
      continue;
    }
    float gradient = g[i] * c->gradient_scale * c->norm_scale;
    if (fabsf(gradient) > c->gradient_limit) {
      gradient = copysignf(c->gradient_limit, gradient);
      c->clamped++;
    }
    float square = gradient * gradient;
    if (square > c->largest_ratio * v[i] && v[i] > 0 && square >= FLT_MIN) {
      c->largest_ratio = ratio(square, v[i]);
    }
    if (square > c->spike_threshold * v[i] && v[i] != 0) {
      gradient = copysignf(sqrtf(c->spike_threshold * v[i]), gradient);
      square = gradient * gradient;
      c->spikes++;
    }
    m[i] = flush(c->beta1 * m[i] + c->one_minus_beta1 * gradient, c->flush_below);
    v[i] = flush(c->beta2 * v[i] + c->one_minus_beta2 * square, c->flush_below);
    float denominator = sqrtf(v[i]) + c->epsilon;
    float direction = denominator == 0 ? 0 : m[i] / denominator;
    float moved = w[i] * c->decay_before - c->step_size * direction;
    w[i] = moved - c->decay_after * moved;
  }
}

#if defined(__AVX512F__)

enum { LANES = 16 };

/* Updates whole vectors and stops before the first that has something unusual in it. */
static long usual(float *w, const float *g, float *m, float *v, long from, long end,
                  const struct coefficients *c) {
  __m512 usual_ratio = _mm512_set1_ps(fminf(c->spike_threshold, c->largest_ratio));
  __m512 limit = _mm512_set1_ps(fminf(c->gradient_limit / c->norm_scale * (1 - 0x1p-20f), FLT_MAX));
  __m512 gradient_scale = _mm512_set1_ps(c->gradient_scale);
  __m512 norm_scale = _mm512_set1_ps(c->norm_scale);
  __m512 beta1 = _mm512_set1_ps(c->beta1), one_minus_beta1 = _mm512_set1_ps(c->one_minus_beta1);
  __m512 beta2 = _mm512_set1_ps(c->beta2), one_minus_beta2 = _mm512_set1_ps(c->one_minus_beta2);
  __m512 flush_below = _mm512_set1_ps(c->flush_below), epsilon = _mm512_set1_ps(c->epsilon);
  __m512 step_size = _mm512_set1_ps(c->step_size);
  __m512 before = _mm512_set1_ps(c->decay_before), after = _mm512_set1_ps(c->decay_after);
  for (long i = from; i < end; i += LANES) {
    __m512 weight = _mm512_loadu_ps(w + i), first = _mm512_loadu_ps(m + i);
    __m512 second = _mm512_loadu_ps(v + i);
    __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(g + i), gradient_scale);
    __m512 gradient = _mm512_mul_ps(scaled, norm_scale);
    __m512 square = _mm512_mul_ps(gradient, gradient);
    __mmask16 is_usual = _mm512_cmp_ps_mask(_mm512_abs_ps(scaled), limit, _CMP_LE_OQ);
    __mmask16 is_spike =
        _mm512_cmp_ps_mask(square, _mm512_mul_ps(second, usual_ratio), _CMP_GT_OQ);
    if ((__mmask16)(~is_usual | is_spike) != 0) {
      return i;
    }
    first = _mm512_add_ps(_mm512_mul_ps(first, beta1), _mm512_mul_ps(gradient, one_minus_beta1));
    second = _mm512_add_ps(_mm512_mul_ps(second, beta2), _mm512_mul_ps(square, one_minus_beta2));
    first = _mm512_maskz_mov_ps(
        _mm512_cmp_ps_mask(_mm512_abs_ps(first), flush_below, _CMP_NLT_UQ), first);
    second = _mm512_maskz_mov_ps(
        _mm512_cmp_ps_mask(_mm512_abs_ps(second), flush_below, _CMP_NLT_UQ), second);
    _mm512_storeu_ps(m + i, first);
    _mm512_storeu_ps(v + i, second);
    __m512 denominator = _mm512_add_ps(_mm512_sqrt_ps(second), epsilon);
    __mmask16 divides = _mm512_cmp_ps_mask(denominator, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    __m512 direction = _mm512_maskz_mov_ps(divides, _mm512_div_ps(first, denominator));
    weight = _mm512_sub_ps(_mm512_mul_ps(weight, before), _mm512_mul_ps(direction, step_size));
    _mm512_storeu_ps(w + i, _mm512_sub_ps(weight, _mm512_mul_ps(weight, after)));
  }
  return end;
}

#elif defined(__AVX2__)

enum { LANES = 8 };

static __m256 magnitude(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

/* Updates whole vectors and stops before the first that has something unusual in it. */
static long usual(float *w, const float *g, float *m, float *v, long from, long end,
                  const struct coefficients *c) {
  __m256 usual_ratio = _mm256_set1_ps(fminf(c->spike_threshold, c->largest_ratio));
  __m256 limit = _mm256_set1_ps(fminf(c->gradient_limit / c->norm_scale * (1 - 0x1p-20f), FLT_MAX));
  __m256 gradient_scale = _mm256_set1_ps(c->gradient_scale);
  __m256 norm_scale = _mm256_set1_ps(c->norm_scale);
  __m256 beta1 = _mm256_set1_ps(c->beta1), one_minus_beta1 = _mm256_set1_ps(c->one_minus_beta1);
  __m256 beta2 = _mm256_set1_ps(c->beta2), one_minus_beta2 = _mm256_set1_ps(c->one_minus_beta2);
  __m256 flush_below = _mm256_set1_ps(c->flush_below), epsilon = _mm256_set1_ps(c->epsilon);
  __m256 step_size = _mm256_set1_ps(c->step_size);
  __m256 before = _mm256_set1_ps(c->decay_before), after = _mm256_set1_ps(c->decay_after);
  for (long i = from; i < end; i += LANES) {
    __m256 weight = _mm256_loadu_ps(w + i), first = _mm256_loadu_ps(m + i);
    __m256 second = _mm256_loadu_ps(v + i);
    __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(g + i), gradient_scale);
    __m256 gradient = _mm256_mul_ps(scaled, norm_scale);
    __m256 square = _mm256_mul_ps(gradient, gradient);
    __m256 is_large = _mm256_cmp_ps(magnitude(scaled), limit, _CMP_NLE_UQ);
    __m256 is_spike = _mm256_cmp_ps(square, _mm256_mul_ps(second, usual_ratio), _CMP_GT_OQ);
    if (_mm256_movemask_ps(_mm256_or_ps(is_large, is_spike)) != 0) {
      return i;
    }
    first = _mm256_add_ps(_mm256_mul_ps(first, beta1), _mm256_mul_ps(gradient, one_minus_beta1));
    second = _mm256_add_ps(_mm256_mul_ps(second, beta2), _mm256_mul_ps(square, one_minus_beta2));
    first = _mm256_and_ps(first, _mm256_cmp_ps(magnitude(first), flush_below, _CMP_NLT_UQ));
    second = _mm256_and_ps(second, _mm256_cmp_ps(magnitude(second), flush_below, _CMP_NLT_UQ));
    _mm256_storeu_ps(m + i, first);
    _mm256_storeu_ps(v + i, second);
    __m256 denominator = _mm256_add_ps(_mm256_sqrt_ps(second), epsilon);
    __m256 divides = _mm256_cmp_ps(denominator, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    __m256 direction = _mm256_and_ps(divides, _mm256_div_ps(first, denominator));
    weight = _mm256_sub_ps(_mm256_mul_ps(weight, before), _mm256_mul_ps(direction, step_size));
    _mm256_storeu_ps(w + i, _mm256_sub_ps(weight, _mm256_mul_ps(weight, after)));
  }
  return end;
}

#else
#error "needs AVX2 or AVX-512"
#endif

void spam4j_update(float *w, const float *g, float *m, float *v, long n, struct coefficients *c) {
  long end = n - n % LANES;
  for (long i = usual(w, g, m, v, 0, end, c); i < end; i = usual(w, g, m, v, i, end, c)) {
    by_element(w, g, m, v, i, i + LANES, c);
    i += LANES;
  }
  by_element(w, g, m, v, end, n, c);
}
