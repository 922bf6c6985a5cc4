// What gradient transforms decide: TensorLinks and NormLinks of the engine, operation by operation.
#include "tables.h"

constexpr double NORM_EPSILON = 1e-6;  // NormLinks.EPSILON
constexpr double LARGEST_FLOAT = 0x1.fffffep127;

// io.spam4j.engine.internal.math.Correction, from the highest bit that a count may have: before the first
// bit that is set the value stays 0.
DEVICE double correction(double decay, i64 count) {
  double value = 0.0;
#pragma unroll 1
  for (i64 bit = 1LL << 62; bit != 0; bit >>= 1) {
    value = add(value, multiply(value, subtract(1.0, value)));
    if ((count & bit) != 0) {
      value = add(multiply(decay, value), subtract(1.0, decay));
    }
  }
  return value;
}

// Math.min of Java, of numbers that are not 0: NaN if either is.
DEVICE double smaller(double a, double b) { return a < b || a != a ? a : b; }

// decay * average + (1 - decay) * value
DEVICE double averaged(double decay, double average, double value) {
  return add(multiply(decay, average), multiply(subtract(1.0, decay), value));
}

DEVICE bool isKnown(const Link& link, const Tensor& tensor, const Slot& slot) {
  return tensor.gradient != nullptr
      && ((link.flags & POISONS) != 0 || (slot.nonFinite & ~HAS_NAN) < tensor.elements);
}

// A statistic of what has so many coordinates that are not finite.
DEVICE double poisoned(const Link& link, i64 nonFinite, double statistic) {
  if ((link.flags & POISONS) == 0 || nonFinite == 0) {
    return statistic;
  }
  return (nonFinite & HAS_NAN) != 0 ? __builtin_nan("") : __builtin_inf();
}

DEVICE void setScale(const Link& link, Coefficients* c, double scale) {
  if (link.place == NORM_SCALE) {
    c->normScale = toFloat(scale);
  } else {
    c->gradientScale = toFloat(scale);
  }
}

DEVICE i64 stepsCounted(const Link& link, const Coefficients* c, double own) {
  return (link.flags & SHARED_COUNTER) != 0 ? c->sinceReset : toInteger(own);
}

// AdaClipLink. history: threshold, count.
DEVICE void decideAdaClip(const Link& link, const Slot& slot, double* history, Coefficients* c) {
  double decay = link.numbers[0];
  history[1] = add(history[1], 1.0);
  i64 count = stepsCounted(link, c, history[1]);
  float largest = toFloat(poisoned(link, slot.nonFinite, slot.maxAbs));
  history[0] = averaged(decay, history[0], largest);
  float corrected = toFloat(divide(history[0], correction(decay, count)));
  c->clipAbove = corrected;
  c->clipDivisor = largest;
  c->clipTo = corrected;
}

// AdaGnLink. history: mean, mean square, count.
DEVICE void decideAdaGn(const Link& link, const Slot& slot, double* history, Coefficients* c) {
  double meanDecay = link.numbers[0];
  double squareDecay = link.numbers[1];
  double epsilon = link.numbers[2];
  double norm = squareRoot(poisoned(link, slot.nonFinite, slot.sumOfSquares));
  if (norm == 0.0 && (link.flags & COUNTS_ZERO_NORMS) == 0) {
    return;
  }
  history[2] = add(history[2], 1.0);
  i64 count = stepsCounted(link, c, history[2]);
  history[0] = averaged(meanDecay, history[0], norm);
  // (1 - decay) * norm * norm, from left to right
  history[1] = add(multiply(squareDecay, history[1]),
                   multiply(multiply(subtract(1.0, squareDecay), norm), norm));
  double root = squareRoot(divide(history[1], correction(squareDecay, count)));
  double target = divide(divide(history[0], correction(meanDecay, count)), add(root, epsilon));
  if (norm > 0.0) {
    setScale(link, c, smaller(divide(target, norm), LARGEST_FLOAT));
  }
}

// Decides ADA_CLIP or ADA_GN, one thread a tensor. The host has written into the coefficients what
// changes nothing: a tensor of which nothing is known keeps that.
KERNEL void spam4j_decide_tensors(const Link* links, const Tensor* tensors, const Slot* states,
                                  History* history, Coefficients* coefficients, u32 count) {
  u32 i = blockIndex() * THREADS + threadIndex();
  if (i >= count) {
    return;
  }
  const Link& link = *links;
  if (!isKnown(link, tensors[i], states[i])) {
    return;
  }
  if (link.type == ADA_CLIP) {
    decideAdaClip(link, states[i], history[i].numbers, &coefficients[i]);
  } else if (link.type == ADA_GN) {
    decideAdaGn(link, states[i], history[i].numbers, &coefficients[i]);
  }
}

// ZClipLink, with something known. history: norms, mean, variance. Returns the factor.
DEVICE double decideZClip(const Link& link, double norm, double* history) {
  double threshold = link.numbers[0];
  double decay = link.numbers[1];
  double warmupSteps = link.numbers[2];
  history[0] = add(history[0], 1.0);
  double mean = history[1];
  if (history[0] <= warmupSteps) {
    double distance = subtract(norm, mean);
    history[1] = add(mean, divide(distance, history[0]));
    history[2] = add(history[2], multiply(distance, subtract(norm, history[1])));
    if (history[0] == warmupSteps) {
      history[2] = divide(history[2], history[0]);
    }
    return 1.0;
  }
  double deviation = squareRoot(history[2]);
  double z = divide(subtract(norm, mean), add(deviation, NORM_EPSILON));
  double clipped = norm;
  if (z > threshold) {
    clipped = add(mean, multiply(multiply(divide(threshold, z), threshold), deviation));
  }
  history[1] = averaged(decay, mean, clipped);
  double distance = subtract(clipped, history[1]);
  // (1 - decay) * distance * distance, from left to right
  history[2] = add(multiply(decay, history[2]),
                   multiply(multiply(subtract(1.0, decay), distance), distance));
  return clipped < norm ? divide(clipped, add(norm, NORM_EPSILON)) : 1.0;
}

// Decides GLOBAL_NORM or ZCLIP for all tensors. One block of threads, and each decides the same.
KERNEL void spam4j_decide_norm(const Link* links, const Tensor* tensors, const Slot* states,
                               const Slot* total, History* history, Coefficients* coefficients,
                               u32 count) {
  SHARED u32 anyKnown;
  const Link& link = *links;
  u32 thread = threadIndex();
  double norm = squareRoot(poisoned(link, total->nonFinite, total->sumOfSquares));
  if (link.type == GLOBAL_NORM) {
    double scale = smaller(1.0, divide(link.numbers[0], add(norm, NORM_EPSILON)));
    for (u32 i = thread; i < count; i += THREADS) {
      setScale(link, &coefficients[i], scale);
    }
    return;
  }
  History own = history[0];
  if (thread == 0) {
    anyKnown = 0;
  }
  barrier();
  for (u32 i = thread; i < count; i += THREADS) {
    if (isKnown(link, tensors[i], states[i])) {
      sharedMax(&anyKnown, 1);
      break;
    }
  }
  barrier();
  if (anyKnown == 0) {
    return;
  }
  double scale = decideZClip(link, norm, own.numbers);
  for (u32 i = thread; i < count; i += THREADS) {
    setScale(link, &coefficients[i], scale);
    history[i] = own;
  }
}
