package io.spam4j.examples.bench.arms;

import io.spam4j.examples.bench.values.BenchValues;

/** An update in double arithmetic, one coordinate at a time: what arms are checked against. */
enum ReferenceRule {
  /** AdamW with decay 0.01 and eps 1e-8, added after the bias correction. */
  ADAMW {
    @Override
    double moved(State s, long step) {
      double decayed = s.weight - LEARNING_RATE * ADAMW_DECAY * s.weight;
      return decayed - s.correctedStep(step);
    }
  },
  /** SPAM before its first reset and while nothing is clipped; eps 1e-6, added before. */
  SPAM {
    @Override
    double moved(State s, long step) {
      return s.weight - StepSize.of(step) * s.first / (Math.sqrt(s.second) + StepSize.EPSILON);
    }
  },
  /** Stable-SPAM's last part, on gradients that {@link History} has clipped and normalised. */
  STABLE_SPAM {
    @Override
    double moved(State s, long step) {
      return s.weight - s.correctedStep(step);
    }
  };

  /** Of all arms. */
  static final double LEARNING_RATE = 1e-3;

  static final double BETA1 = 0.9;
  static final double BETA2 = 0.999;

  static final double ADAMW_DECAY = 0.01;

  abstract double moved(State s, long step);

  /** A weight and its moments. */
  static final class State {
    double weight;
    private double first;
    private double second;

    State(double weight) {
      this.weight = weight;
    }

    /** Step number {@code step}, from 1. */
    void update(ReferenceRule rule, double gradient, long step) {
      first = BETA1 * first + (1 - BETA1) * gradient;
      second = BETA2 * second + (1 - BETA2) * gradient * gradient;
      weight = rule.moved(this, step);
    }

    private double correctedStep(long step) {
      double mean = first / StepSize.correction(BETA1, step);
      double square = second / StepSize.correction(BETA2, step);
      return LEARNING_RATE * mean / (Math.sqrt(square) + StepSize.CORRECTED_EPSILON);
    }
  }

  /** AdaClip's and AdaGN's history of one tensor (Stable-SPAM, arXiv 2502.17055). */
  static final class History {
    static final double MEAN_DECAY = 0.7;
    static final double SQUARE_DECAY = 0.9;
    static final double CLIP_DECAY = 0.999;
    static final double EPSILON = 1e-8;

    private double threshold;
    private double mean;
    private double square;
    private double largest;
    private double clipTo;
    private double scale;

    /** Looks at a whole gradient. */
    void look(BenchValues values, int tensor, long step) {
      long n = values.elements(tensor);
      largest = 0;
      for (long i = 0; i < n; i++) {
        largest = Math.max(largest, Math.abs(values.gradient(tensor, i)));
      }
      threshold = CLIP_DECAY * threshold + (1 - CLIP_DECAY) * largest;
      clipTo = threshold / StepSize.correction(CLIP_DECAY, step);
      double sum = 0;
      for (long i = 0; i < n; i++) {
        double clipped = clipped(values.gradient(tensor, i));
        sum += clipped * clipped;
      }
      double norm = Math.sqrt(sum);
      mean = MEAN_DECAY * mean + (1 - MEAN_DECAY) * norm;
      square = SQUARE_DECAY * square + (1 - SQUARE_DECAY) * norm * norm;
      double target = mean / StepSize.correction(MEAN_DECAY, step);
      target /= Math.sqrt(square / StepSize.correction(SQUARE_DECAY, step)) + EPSILON;
      scale = target / norm;
    }

    private double clipped(double gradient) {
      return Math.abs(gradient) > clipTo ? gradient / largest * clipTo : gradient;
    }

    /** What becomes of a coordinate. */
    double transformed(double gradient) {
      return clipped(gradient) * scale;
    }
  }
}
