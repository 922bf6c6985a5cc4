package io.spam4j.engine.internal.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class WorkerPoolTest {
  @Test
  void run_callsEachParticipantOnce_timeAfterTime() {
    assertCallsEachOnce();
  }

  private static void assertCallsEachOnce() {
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
  void run_throwsOneOfSeveral_withTheOthersSuppressed() {
    assertThatThrownBy(
            () ->
                WorkerPool.run(
                    participant -> {
                      throw new IllegalStateException("participant " + participant);
                    },
                    3))
        .hasMessage("participant 0")
        .satisfies(
            thrown ->
                assertThat(thrown.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .containsExactly("participant 1", "participant 2"));
    var same = new IllegalStateException("of all");
    assertThatThrownBy(
            () ->
                WorkerPool.run(
                    _ -> {
                      throw same;
                    },
                    3))
        .isSameAs(same)
        .hasNoSuppressedExceptions();
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

  /** Runs jobs on the way up from the end of a stack, so that any call in them may be too many. */
  private static final class AtTheEnd {
    final AtomicInteger atWork = new AtomicInteger();
    final AtomicInteger taken = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    int complete;
    int brokenOff;
    int early; // whole without all participants, or over while some were at work

    private void work(int participant) {
      taken.incrementAndGet();
      atWork.incrementAndGet();
      if (participant > 0) {
        for (int i = 0; i < 20_000; i++) { // longer than the caller
          Thread.onSpinWait();
        }
      }
      done.incrementAndGet();
      atWork.decrementAndGet();
    }

    void descend(int before) {
      try {
        if (before < Integer.MAX_VALUE) {
          descend(before + 1);
        }
      } catch (StackOverflowError e) {
        // from here on up
      }
      if (complete < 20) {
        run();
      }
    }

    private void run() {
      taken.set(0);
      done.set(0);
      boolean whole = false;
      try {
        WorkerPool.run(this::work, 3);
        whole = true;
      } catch (StackOverflowError e) {
        brokenOff++;
      }
      if (whole) {
        complete++;
      }
      boolean isOver =
          taken.get() == 0 || atWork.get() <= 1; // the caller's own may have broken off
      if (whole ? done.get() != 3 || atWork.get() != 0 : !isOver) {
        early++;
      }
      atWork.set(0);
    }
  }

  @Test
  void run_whereTheStackEnds_isOverForAllParticipants_andThePoolCountsOn()
      throws InterruptedException {
    for (int round = 0; round < 5; round++) {
      var end = new AtTheEnd();
      var thread = new Thread(null, () -> end.descend(0), "small stack", 256 << 10);
      thread.start();
      thread.join();
      assertThat(end.complete).isEqualTo(20);
      assertThat(end.early).isEqualTo(0);
      assertThat(end.brokenOff).isPositive();
      assertCallsEachOnce();
    }
  }

  @Test
  void run_inARun_isDoneAlone() {
    var calls = new AtomicIntegerArray(3);
    WorkerPool.run(
        _ -> WorkerPool.run(calls::incrementAndGet, 3), // on the caller and on workers
        3);
    assertThat(calls.get(0)).isEqualTo(3);
    assertThat(calls.get(1)).isEqualTo(0);
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
