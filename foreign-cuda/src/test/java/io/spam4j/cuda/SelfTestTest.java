package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SelfTestTest {
  private static final SelfTestOptions TINY = new SelfTestOptions(1000, 1, 4, 300);

  @Test
  void standIn_passes() {
    StandIn standIn = StandIn.load();
    SelfTestReport report;
    try (CudaDevice device = CudaDevice.open(standIn.library(), 0)) {
      report = SelfTest.run(device, TINY);
    }
    System.out.println(report.text());
    assertThat(report.verdict()).isEqualTo("PASS");
    assertThat(standIn.reset()).isZero();
  }
}
