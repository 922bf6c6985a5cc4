package io.spam4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.examples.bench.arms.ArmUnavailableException;
import io.spam4j.examples.bench.arms.Arms;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.annotations.Param;

/** The arms of the command line run here too; what each computes is tested there. */
final class BenchArmsTest {
  @Test
  void arms_areThoseOfTheCommandLine() throws NoSuchFieldException {
    assertThat(BenchArms.class.getDeclaredField("arm").getAnnotation(Param.class).value())
        .containsExactlyElementsOf(Arms.names());
  }

  @ParameterizedTest
  @ValueSource(strings = {"limit-cached", "spam-f32", "torch-spam-ops-llama60m"})
  void arm_isCheckedAndSteps(String arm) throws ArmUnavailableException {
    var benchmark = new BenchArms();
    benchmark.weights = 20_000;
    benchmark.arm = arm;
    benchmark.setUp();
    benchmark.step();
    benchmark.tearDown();
  }
}
