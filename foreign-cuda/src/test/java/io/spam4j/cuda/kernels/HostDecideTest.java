package io.spam4j.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.kernels.LinkTables.Incoming;
import io.spam4j.cuda.kernels.LinkTables.Link;
import io.spam4j.engine.internal.math.Correction;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The decisions of gradient transforms and their PTX have the bits of the engine's. */
@ParameterizedClass
@EnumSource
class HostDecideTest {
  private static final int TENSORS = 270;
  private static final int STEPS = 4;

  @Parameter HostKernels.Machine machine = HostKernels.Machine.CPU;

  private final Random random = new Random(8);

  /** History and coefficients of a tensor, as the links of the engine make them. */
  private static final class Expected {
    final double[] history = new double[4];
    float gradientScale = 1;
    float clipAbove = Float.POSITIVE_INFINITY;
    float clipDivisor = 1;
    float clipTo = 1;
    float normScale = 1;

    void clear() {
      gradientScale = 1;
      clipAbove = Float.POSITIVE_INFINITY;
      clipDivisor = 1;
      clipTo = 1;
      normScale = 1;
    }

    void setScale(Link link, double scale) {
      if (link.place() == LinkTables.NORM_SCALE) {
        normScale = (float) scale;
      } else {
        gradientScale = (float) scale;
      }
    }
  }

  /** The history after the steps, and each step. */
  private record Decided(ByteBuffer history, List<LinkTables> steps) {}

  private Decided decide(Link link, int tensors, int count, boolean poisoned)
      throws IOException, InterruptedException {
    var kernels = new HostKernels(machine);
    ByteBuffer history = kernels.memory(32L * tensors, 0);
    List<LinkTables> steps = new ArrayList<>();
    for (int step = 0; step < count; step++) {
      boolean anyKnown = step != 1;
      steps.add(new LinkTables(kernels, link, history, tensors, random, anyKnown, poisoned));
    }
    kernels.run();
    return new Decided(history, steps);
  }

  private static Expected[] none(int tensors) {
    Expected[] expected = new Expected[tensors];
    for (int i = 0; i < tensors; i++) {
      expected[i] = new Expected();
    }
    return expected;
  }

  private static void assertCoefficients(String name, ByteBuffer rows, Expected[] expected) {
    for (int i = 0; i < expected.length; i++) {
      Expected e = expected[i];
      float[] wanted = {e.gradientScale, e.clipAbove, e.clipDivisor, e.clipTo, e.normScale};
      for (int k = 0; k < 18; k++) {
        float value = k < wanted.length ? wanted[k] : 80 * i + 4 * k;
        assertThat(rows.getFloat(80 * i + 4 * k))
            .as("%s, tensor %d, coefficient %d", name, i, k)
            .isEqualTo(Float.valueOf(value)); // NaN equals NaN
      }
    }
  }

  private static void assertHistory(ByteBuffer history, Expected[] expected) {
    for (int i = 0; i < 4 * expected.length; i++) {
      assertThat(history.getDouble(8 * i))
          .as("history of tensor %d, number %d", i / 4, i % 4)
          .isEqualTo(Double.valueOf(expected[i / 4].history[i % 4]));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 5})
  void adaClip(int flags) throws IOException, InterruptedException {
    var link = new Link(LinkTables.ADA_CLIP, LinkTables.CLIP, flags, List.of(0.9));
    Decided decided = decide(link, TENSORS, STEPS, /* poisoned= */ true);

    Expected[] expected = none(TENSORS);
    for (LinkTables step : decided.steps()) {
      for (int i = 0; i < TENSORS; i++) {
        Incoming in = step.incoming[i];
        expected[i].clear();
        if (in.isKnown(link)) {
          adaClip(link, in, expected[i]);
        }
      }
      assertCoefficients("step " + decided.steps().indexOf(step), step.coefficients, expected);
    }
    assertHistory(decided.history(), expected);
  }

  private static void adaClip(Link link, Incoming in, Expected e) {
    double decay = link.number(0);
    long own = (long) e.history[1] + 1;
    long count = link.has(LinkTables.SHARED_COUNTER) ? in.sinceReset : own;
    float largest = in.maxAbs(link);
    e.history[0] = decay * e.history[0] + (1 - decay) * largest;
    e.history[1] = own;
    float corrected = (float) (e.history[0] / Correction.of(decay, count));
    e.clipAbove = corrected;
    e.clipDivisor = largest;
    e.clipTo = corrected;
  }

  @ParameterizedTest
  @CsvSource({"0,2", "1,0", "2,0", "3,2", "4,2", "7,0"})
  void adaGn(int flags, int place) throws IOException, InterruptedException {
    var link = new Link(LinkTables.ADA_GN, place, flags, List.of(0.7, 0.999, 1e-8));
    Decided decided = decide(link, TENSORS, STEPS, /* poisoned= */ true);

    Expected[] expected = none(TENSORS);
    for (LinkTables step : decided.steps()) {
      for (int i = 0; i < TENSORS; i++) {
        expected[i].clear();
        if (step.incoming[i].isKnown(link)) {
          adaGn(link, step.incoming[i], expected[i]);
        }
      }
      assertCoefficients("step " + decided.steps().indexOf(step), step.coefficients, expected);
    }
    assertHistory(decided.history(), expected);
  }

  private static void adaGn(Link link, Incoming in, Expected e) {
    double meanDecay = link.number(0);
    double squareDecay = link.number(1);
    double epsilon = link.number(2);
    double norm = Math.sqrt(in.sumOfSquares(link));
    if (norm == 0 && !link.has(LinkTables.COUNTS_ZERO_NORMS)) {
      return;
    }
    long own = (long) e.history[2] + 1;
    long count = link.has(LinkTables.SHARED_COUNTER) ? in.sinceReset : own;
    e.history[0] = meanDecay * e.history[0] + (1 - meanDecay) * norm;
    e.history[1] = squareDecay * e.history[1] + (1 - squareDecay) * norm * norm;
    e.history[2] = own;
    double target =
        e.history[0]
            / Correction.of(meanDecay, count)
            / (Math.sqrt(e.history[1] / Correction.of(squareDecay, count)) + epsilon);
    if (norm > 0) {
      e.setScale(link, Math.min(target / norm, Float.MAX_VALUE));
    }
  }

  @ParameterizedTest
  @CsvSource({"0,0,1e30,false", "2,4,1,true", "0,4,0.5,false", "2,0,1e200,true"})
  void globalNorm(int place, int flags, double maxNorm, boolean poisoned)
      throws IOException, InterruptedException {
    var link = new Link(LinkTables.GLOBAL_NORM, place, flags, List.of(maxNorm));
    // Of one tensor the norm can be so small that the epsilon counts.
    for (int tensors : new int[] {1, TENSORS}) {
      Decided decided = decide(link, tensors, steps(tensors), poisoned);

      for (LinkTables step : decided.steps()) {
        double total = step.total.sumOfSquares(link);
        Expected[] expected = none(tensors);
        for (Expected e : expected) {
          e.setScale(link, Math.min(1, maxNorm / (Math.sqrt(total) + 1e-6)));
        }
        String name = "step " + decided.steps().indexOf(step);
        assertCoefficients(name, step.coefficients, expected);
      }
      assertHistory(decided.history(), none(tensors));
    }
  }

  @Test
  void zClip() throws IOException, InterruptedException {
    int lowered = 0;
    int warmed = 0;
    for (Link link :
        List.of(
            zClipLink(LinkTables.GRADIENT_SCALE, 0, 0.9, 0),
            zClipLink(LinkTables.NORM_SCALE, 0, 0.5, 2),
            zClipLink(LinkTables.NORM_SCALE, LinkTables.POISONS, 0.1, 2),
            zClipLink(LinkTables.GRADIENT_SCALE, LinkTables.POISONS, 1e-3, 20))) {
      for (int tensors : new int[] {1, TENSORS}) {
        boolean poisoned = link.has(LinkTables.POISONS) && tensors == 1;
        Decided decided = decide(link, tensors, steps(tensors), poisoned);

        Expected[] expected = none(tensors);
        double[] own = new double[4];
        for (LinkTables step : decided.steps()) {
          boolean anyKnown = false;
          for (Incoming in : step.incoming) {
            anyKnown |= in.isKnown(link);
          }
          double norm = Math.sqrt(step.total.sumOfSquares(link));
          double scale = anyKnown ? zClip(link, norm, own) : 1;
          lowered += scale < 1 ? 1 : 0;
          warmed += own[0] > link.number(2) ? 1 : 0;
          for (Expected e : expected) {
            e.clear();
            e.setScale(link, scale);
            System.arraycopy(own, 0, e.history, 0, 4);
          }
          String name = "step " + decided.steps().indexOf(step);
          assertCoefficients(name, step.coefficients, expected);
        }
        assertHistory(decided.history(), expected);
      }
    }
    assertThat(lowered).as("factors below 1").isPositive();
    assertThat(warmed).as("steps after the first ones").isGreaterThan(20);
  }

  private static int steps(int tensors) {
    return tensors == 1 ? 3 * STEPS : STEPS;
  }

  private static Link zClipLink(int place, int flags, double threshold, double warmupSteps) {
    return new Link(LinkTables.ZCLIP, place, flags, List.of(threshold, 0.97, warmupSteps));
  }

  private static double zClip(Link link, double norm, double[] own) {
    double threshold = link.number(0);
    double decay = link.number(1);
    double warmupSteps = link.number(2);
    own[0]++;
    if (own[0] <= warmupSteps) {
      double distance = norm - own[1];
      own[1] += distance / own[0];
      own[2] += distance * (norm - own[1]);
      if (own[0] == warmupSteps) {
        own[2] /= own[0];
      }
      return 1;
    }
    double deviation = Math.sqrt(own[2]);
    double z = (norm - own[1]) / (deviation + 1e-6);
    double clipped = z > threshold ? own[1] + threshold / z * threshold * deviation : norm;
    own[1] = decay * own[1] + (1 - decay) * clipped;
    double distance = clipped - own[1];
    own[2] = decay * own[2] + (1 - decay) * distance * distance;
    return clipped < norm ? clipped / (norm + 1e-6) : 1;
  }
}
