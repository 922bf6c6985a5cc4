/**
 * For those who let a device other than the CPU do the updates; users of optimizers need nothing of
 * it. A {@link io.spam4j.engine.device.StepPlanner} is everything about an optimizer of Adam's
 * family that is not arithmetic on weights: it counts steps, asks schedules, decides, draws
 * selections, reports, saves and loads; the device measures gradients, finishes the decisions that
 * depend on that and updates, and both exchange rows of {@link
 * io.spam4j.engine.device.DeviceTables}. Only what is said between them is here; what plans is in
 * {@code internal.plan}.
 */
package io.spam4j.engine.device;
