/**
 * For those who let a device other than the CPU do the updates; users of optimizers need nothing of
 * it.
 *
 * <p>{@link io.spam4j.engine.OptimizerBuilder#planner} turns a builder's settings into a {@link
 * io.spam4j.engine.device.StepPlanner}: everything about an optimizer of Adam's family that is not
 * arithmetic on weights. It counts steps, asks schedules, decides coefficients, draws selections,
 * makes reports, saves and loads; weights, gradients and moments it never sees, unless it has to
 * select by their magnitude. The device does what is left: it measures gradients, finishes the
 * decisions that depend on that ({@link io.spam4j.engine.device.PlannedTransform}), and updates.
 * Planner and device exchange rows of {@link io.spam4j.engine.device.DeviceTables}. A device that
 * does the same operations in the same order gives the same bits as the CPU.
 */
package io.spam4j.engine.device;
