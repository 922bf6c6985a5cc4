// What several kernels do to one coordinate, operation by operation as the Java class named there.
#pragma once
#include "tables.h"

constexpr u32 LARGEST_FINITE = 0x7f7fffffu;

DEVICE u32 magnitudeBits(float a) { return bitsOf(a) & 0x7fffffffu; }
DEVICE float magnitude(float a) { return floatOf(magnitudeBits(a)); }
DEVICE bool isFinite(float a) { return magnitudeBits(a) <= LARGEST_FINITE; }

DEVICE float withSign(float magnitudeOf, float signOf) {
  return floatOf(magnitudeBits(magnitudeOf) | (bitsOf(signOf) & 0x80000000u));
}

// io.spam4j.engine.internal.kernel.UpdateScalar.transformed, but for the limit.
// g = scale * g;  |g| > T: g = g / M * T;  g = norm scale * g
DEVICE float scaledAndClipped(float raw, const Coefficients& c, u32& lowered) {
  float gradient = multiply(raw, c.gradientScale);
  if (magnitude(gradient) > c.clipAbove) {
    gradient = multiply(divide(gradient, c.clipDivisor), c.clipTo);
    lowered++;
  }
  return multiply(gradient, c.normScale);
}

// io.spam4j.engine.internal.kernel.UpdateScalar.moved.
// w = w * before - step * m / (sqrt(v) + eps);  w = w - after * w
DEVICE float moved(float weight, float first, float second, const Coefficients& c) {
  float denominator = add(squareRoot(second), c.epsilon);
  // 0 only where eps = 0 and v = 0: no history, no step.
  float direction = denominator == 0.0f ? 0.0f : divide(first, denominator);
  float next = subtract(multiply(weight, c.decayBefore), multiply(c.stepSize, direction));
  return c.decayAfter == 0.0f ? next : subtract(next, multiply(c.decayAfter, next));
}

DEVICE bool changesWeights(const Coefficients& c) {
  return c.stepSize != 0.0f || c.decayBefore != 1.0f || c.decayAfter != 0.0f;
}
