package io.spam4j.examples.bench.arms;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.FusedUpdate;
import io.spam4j.engine.internal.kernel.Operands;
import io.spam4j.engine.internal.kernel.UpdateTally;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The C loop does what the engine's kernel does, to the bit. */
final class CLoopTest {
  private static final int WEIGHTS = 4099;

  @ParameterizedTest
  @ValueSource(strings = {"-march=native", "-mavx2"})
  void update_isTheEnginesToTheBit(String target) {
    try (CLoop loop = new CLoop(target);
        Arena arena = Arena.ofConfined()) {
      float[][] start = draw(new Random(5));
      MemorySegment[] ours = memory(arena, start);
      MemorySegment[] theirs = memory(arena, start);
      UpdateCoefficients c = coefficients();
      var tally = new UpdateTally();
      tally.clear();
      var operands = new Operands();
      operands.weights = ours[0];
      operands.gradient = ours[1];
      operands.firstMoment = ours[2];
      operands.secondMoment = ours[3];
      FusedUpdate.apply(operands, 0, WEIGHTS, c, tally);
      loop.set(c);
      loop.apply(theirs[0], theirs[1], theirs[2], theirs[3], WEIGHTS);
      for (int stream = 0; stream < 4; stream++) {
        assertThat(theirs[stream].mismatch(ours[stream])).as("stream %d", stream).isEqualTo(-1);
      }
      assertThat(tally.spikes).isGreaterThan(10);
      assertThat(tally.clamped).isEqualTo(1);
      assertThat(loop.spikes()).isEqualTo((int) tally.spikes);
      assertThat(loop.clamped()).isEqualTo((int) tally.clamped);
      assertThat(loop.largestRatio()).isEqualTo(tally.largestRatio);
    } catch (ArmUnavailableException unavailable) {
      abort(unavailable.getMessage());
    }
  }

  @Test
  void compile_forNoProcessor_saysWhatGccSaid() throws ArmUnavailableException {
    try {
      new CLoop("-march=native").close();
    } catch (ArmUnavailableException unavailable) {
      abort(unavailable.getMessage());
    }
    assertThatThrownBy(() -> new CLoop("-march=no-such"))
        .isInstanceOf(ArmUnavailableException.class)
        .hasMessageStartingWith("gcc failed: status=1, ")
        .hasMessageContaining("no-such");
  }

  private static UpdateCoefficients coefficients() {
    var c = new UpdateCoefficients();
    c.gradientScale = 0.75f;
    c.normScale = 1.5f;
    c.gradientLimit = 1e18f;
    c.spikeThreshold = 50;
    c.skipsNonFinite = true;
    c.beta1 = 0.9f;
    c.oneMinusBeta1 = 0.1f;
    c.beta2 = 0.999f;
    c.oneMinusBeta2 = 0.001f;
    c.flushBelow = Float.MIN_NORMAL;
    c.epsilon = 1e-6f;
    c.stepSize = 1e-3f;
    c.decayBefore = 0.999f;
    c.decayAfter = 1e-4f;
    return c;
  }

  /** Usual values, spikes, and what is unusual. */
  private static float[][] draw(Random random) {
    float[][] streams = new float[4][WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      streams[0][i] = (float) random.nextGaussian();
      streams[1][i] = (float) random.nextGaussian() * (i % 97 == 0 ? 30 : 1);
      streams[2][i] = (float) random.nextGaussian() * 0.1f;
      streams[3][i] = 0.5f + random.nextFloat();
    }
    streams[1][100] = Float.NaN;
    streams[1][200] = Float.NEGATIVE_INFINITY;
    streams[1][300] = -3e38f;
    streams[1][400] = 0;
    streams[2][400] = 1e-38f;
    streams[3][400] = 0;
    streams[3][500] = 0;
    streams[1][WEIGHTS - 1] = 1e3f;
    return streams;
  }

  private static MemorySegment[] memory(Arena arena, float[][] streams) {
    MemorySegment[] memory = new MemorySegment[streams.length];
    for (int i = 0; i < streams.length; i++) {
      memory[i] = arena.allocateFrom(JAVA_FLOAT, streams[i]);
    }
    return memory;
  }
}
