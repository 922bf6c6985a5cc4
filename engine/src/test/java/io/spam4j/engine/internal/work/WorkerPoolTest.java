package io.spam4j.engine.internal.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class WorkerPoolTest {
  @Test
  void run_callsEachParticipantOnce_timeAfterTime() {
    for (int participants = 1; participants <= 5; participants++) {
      var calls = new AtomicIntegerArray(participants);
      for (int i = 0; i < 1000; i++) {
        WorkerPool.run(calls::incrementAndGet, participants);
      }
      for (int i = 0; i < participants; i++) {
        assertThat(calls.get(i)).isEqualTo(1000);
      }
    }
  }

  @Test
  void run_throwsWhatAParticipantThrew_andStaysUsable() {
    assertThatThrownBy(
            () ->
                WorkerPool.run(
                    participant -> {
                      if (participant == 1) {
                        throw new IllegalStateException("worker failed");
                      }
                    },
                    3))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("worker failed");
    var sum = new AtomicLong();
    WorkerPool.run(sum::addAndGet, 3);
    assertThat(sum.get()).isEqualTo(3);
  }

  @Test
  void run_fromTwoThreads_takesTurns() throws InterruptedException {
    var total = new AtomicLong();
    Runnable caller =
        () -> {
          for (int i = 0; i < 500; i++) {
            WorkerPool.run(_ -> total.incrementAndGet(), 3);
          }
        };
    var other = new Thread(caller);
    other.start();
    caller.run();
    other.join();
    assertThat(total.get()).isEqualTo(2 * 500 * 3);
  }

  @Test
  void plan_coversEveryElementOnce_inUnitsOfAboutEqualSize() {
    long[] elements = {100, 16_384, 1, 40_000, 7, 7, 7};
    WorkPlan plan = WorkPlan.of(elements);
    long[] next = new long[elements.length];
    for (int unit = 0; unit < plan.units(); unit++) {
      long size = 0;
      for (int piece = plan.firstPiece(unit); piece < plan.firstPiece(unit + 1); piece++) {
        int tensor = plan.tensor(piece);
        assertThat(plan.from(piece)).isEqualTo(next[tensor]);
        assertThat(plan.from(piece) % 4096).isEqualTo(0);
        next[tensor] = plan.to(piece);
        size += plan.to(piece) - plan.from(piece);
      }
      assertThat(size).isBetween(1L, 16_384L);
    }
    assertThat(next).isEqualTo(elements);
    assertThat(plan.units()).isEqualTo(6); // 100 | 16384 | 1 | 16384 | 16384 | 7232 + 21
  }
}
