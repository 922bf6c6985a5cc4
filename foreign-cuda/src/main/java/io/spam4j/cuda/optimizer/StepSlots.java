package io.spam4j.cuda.optimizer;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.internal.Closer;
import io.spam4j.engine.device.StepPlanner;

/** The steps under way, of which the oldest is reported first. */
final class StepSlots {
  /** Steps that may be under way at a time. */
  static final int COUNT = 4;

  private final StepPlanner planner;
  private final StepSlot[] slots = new StepSlot[COUNT];
  private int next;
  private int oldest;

  StepSlots(CudaDevice device, Closer closer, StepMemory memory, StepPlanner planner) {
    this.planner = planner;
    for (int i = 0; i < COUNT; i++) {
      slots[i] = new StepSlot(device, closer, memory, planner);
    }
  }

  /** Waits for the oldest step if all are under way, and reports it. */
  void makeRoom() {
    if (slots[next].isBusy()) {
      reportOldest();
    }
  }

  /** The slot of the next step, which has room. */
  StepSlot free() {
    StepSlot slot = slots[next];
    slot.await();
    return slot;
  }

  /** Says that a step uses the slot that {@link #free} gave. */
  void advance() {
    next = (next + 1) % COUNT;
  }

  private void reportOldest() {
    Runnable report = slots[oldest].take(planner);
    oldest = (oldest + 1) % COUNT;
    report.run(); // a listener may come back here, for the steps after this one
  }

  /** Reports the steps that are done, without waiting for others. */
  void reportComplete() {
    while (slots[oldest].isBusy() && slots[oldest].isComplete()) {
      reportOldest();
    }
  }

  /** Waits for all steps, and reports them. */
  void reportAll() {
    while (slots[oldest].isBusy()) {
      reportOldest();
    }
  }

  /** Awaits no step any more. */
  void forget() {
    for (StepSlot slot : slots) {
      slot.forget();
    }
  }
}
