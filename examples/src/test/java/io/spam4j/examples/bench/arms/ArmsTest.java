package io.spam4j.examples.bench.arms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.spam4j.examples.bench.values.BenchSize;
import io.spam4j.examples.bench.values.Traffic;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ArmsTest {
  private static final long WEIGHTS = 40_000;

  static List<String> names() {
    return Arms.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyArm_doesWhatItShould(String name) {
    try (ArmRun run = Arms.open(name, WEIGHTS)) {
      run.check();
      run.step();
    } catch (ArmUnavailableException unavailable) {
      assumeFalse(true, name + " skipped: " + unavailable.getMessage());
    }
  }

  @Test
  void names_areThoseOfTheTable() {
    assertThat(Arms.names())
        .contains("limit", "adamw-f32", "spam-f32", "stablespam-f32", "spam-f32-d0.0025")
        .contains("spam-f32-llama60m", "spam-f32-cached", "c-loop-cached", "plain-java")
        .contains("separate-passes", "torch-adamw", "torch-fused-adamw", "torch-spam-ops")
        .contains("torch-stablespam-ops", "torch-fused-adamw-bf16-cached")
        .doesNotContain("c-loop", "plain-java-llama60m")
        .doesNotHaveDuplicates();
  }

  @Test
  void traffic_isWhatMustBeMoved() {
    assertThat(Traffic.DENSE.bytes()).isEqualTo(28);
    assertThat(Traffic.MEASURED.bytes()).isEqualTo(32);
    // 12 L + 16 d, and the index of 0.5 to 2 bytes a selected weight
    assertThat(Traffic.sparse(0.25).bytes()).isCloseTo(11.88 + 4 + 0.13, within(0.02));
    assertThat(Traffic.sparse(0.05).bytes()).isCloseTo(6.72 + 0.8 + 0.047, within(0.01));
    assertThat(Traffic.sparse(0.0025).bytes()).isCloseTo(0.471 + 0.04 + 0.005, within(0.002));
    // written are w by lines and both moments
    assertThat(Traffic.sparse(0.25).written()).isCloseTo(3.96 + 2, within(0.01));
  }

  @Test
  void sizes_haveThePapersTensors() {
    assertThat(BenchSize.LARGE.elements(BenchSize.LARGE_WEIGHTS)).containsExactly(67_108_864);
    assertThat(BenchSize.CACHED.elements(BenchSize.LARGE_WEIGHTS)).containsExactly(65_536);
    long[] llama = BenchSize.LLAMA60M.elements(BenchSize.LARGE_WEIGHTS);
    assertThat(llama).hasSize(75).contains(16_384_000, 262_144, 704_512, 512);
    assertThat(llama).satisfies(n -> assertThat(Arrays.stream(n).sum()).isEqualTo(58_073_600));
    assertThat(BenchSize.LLAMA60M.elements(WEIGHTS)).hasSize(75).doesNotContain(0);
  }

  @Test
  void open_unknownArm_isRefused() {
    assertThatThrownBy(() -> Arms.open("fastest", WEIGHTS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("arm must be one of " + String.join(", ", Arms.names()) + ": arm=fastest");
  }
}
