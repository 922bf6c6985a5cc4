package io.spam4j.engine.internal.step;

import io.spam4j.engine.StepReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Percentage;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/**
 * The events of a step in flight recordings. Only loaded where the module jdk.jfr is. An event is
 * made only if a recording wants it, and no event class is initialised before there is a recording.
 */
final class FlightEvents {
  private @Nullable StepEvent step;

  /** A step begins. */
  void begin() {
    step = null; // a step that threw left its own
    if (FlightRecorder.isInitialized() && StepEvent.TYPE.isEnabled()) {
      step = new StepEvent();
      step.begin();
    }
  }

  /** A step is complete. */
  void end(StepReport report) {
    if (!FlightRecorder.isInitialized()) {
      return;
    }
    if (step != null) {
      commit(step, report);
      step = null;
    }
    if (report.isMomentumReset() && MomentumResetEvent.TYPE.isEnabled()) {
      var event = new MomentumResetEvent();
      event.step = report.step();
      event.commit();
    }
    for (int i = 0; i < report.tensors(); i++) {
      nonFinite(report.step(), report.name(i), report.skippedCoordinates(i));
      if (report.learningRate(i) != report.learningRate() && RateEvent.TYPE.isEnabled()) {
        var event = new RateEvent();
        event.step = report.step();
        event.tensor = report.name(i);
        event.learningRate = report.learningRate(i);
        event.commit();
      }
      if (report.spikes(i) > 0 && SpikesEvent.TYPE.isEnabled()) {
        commit(new SpikesEvent(), report, i);
      }
    }
  }

  private static void commit(StepEvent event, StepReport report) {
    event.end();
    event.step = report.step();
    event.spikes = report.spikes();
    event.skippedCoordinates = report.skippedCoordinates();
    event.learningRate = report.learningRate();
    event.warmupScale = report.warmupScale();
    event.gradientNorm = report.gradientNorm();
    event.momentumReset = report.isMomentumReset();
    event.skipped = report.isSkipped();
    event.bytes = report.bytes();
    event.commit();
  }

  private static void commit(SpikesEvent event, StepReport report, int i) {
    event.step = report.step();
    event.tensor = report.name(i);
    event.spikes = report.spikes(i);
    event.largestRatio = report.largestRatio(i);
    event.index = report.largestRatioIndex(i);
    event.commit();
  }

  /** A tensor had so many coordinates that are not finite; none is no event. */
  void nonFinite(long step, String tensor, long coordinates) {
    if (coordinates > 0 && FlightRecorder.isInitialized() && NonFiniteEvent.TYPE.isEnabled()) {
      var event = new NonFiniteEvent();
      event.step = step;
      event.tensor = tensor;
      event.coordinates = coordinates;
      event.commit();
    }
  }

  @Name("spam4j.Step")
  @Label("Optimizer Step")
  @Description("One step of an optimizer, from the call to the updated weights")
  @Category("spam4j")
  @StackTrace(false)
  static final class StepEvent extends Event {
    static final EventType TYPE = EventType.getEventType(StepEvent.class);

    @Label("Step")
    @Description("Counted from 1")
    long step;

    @Label("Spikes")
    @Description("Coordinates that were spikes and were clipped")
    long spikes;

    @Label("Skipped Coordinates")
    @Description("Coordinates that were not finite and left their weight untouched")
    long skippedCoordinates;

    @Label("Learning Rate")
    @Description("Of tensors with the builder's own schedule, without the warm-up after a reset")
    double learningRate;

    @Label("Warm-up Scale")
    @Description("The factor on the learning rate after a momentum reset")
    @Percentage
    double warmupScale;

    @Label("Gradient Norm")
    @Description("Of all finite coordinates before any transform; NaN unless it was measured")
    double gradientNorm;

    @Label("Momentum Reset")
    @Description("Whether both moments were reset")
    boolean momentumReset;

    @Label("Skipped")
    @Description("Whether a gradient that was not finite made the step a no-op")
    boolean skipped;

    @Label("Bytes")
    @Description("What the step read and wrote")
    @DataAmount(DataAmount.BYTES)
    long bytes;
  }

  @Name("spam4j.Spikes")
  @Label("Gradient Spikes")
  @Description("The spikes of one tensor in one step")
  @Category("spam4j")
  @StackTrace(false)
  static final class SpikesEvent extends Event {
    static final EventType TYPE = EventType.getEventType(SpikesEvent.class);

    @Label("Step")
    long step;

    @Label("Tensor")
    @Nullable String tensor;

    @Label("Spikes")
    @Description("Coordinates that were spikes and were clipped")
    long spikes;

    @Label("Largest Ratio")
    @Description("The largest g^2 / v of the tensor")
    float largestRatio;

    @Label("Index")
    @Description("Where the largest ratio was in the flat, row-major tensor; -1 if it is 0")
    long index;
  }

  @Name("spam4j.LearningRate")
  @Label("Learning Rate")
  @Description("The learning rate of one tensor in one step, where it is not that of the step")
  @Category("spam4j")
  @StackTrace(false)
  static final class RateEvent extends Event {
    static final EventType TYPE = EventType.getEventType(RateEvent.class);

    @Label("Step")
    long step;

    @Label("Tensor")
    @Nullable String tensor;

    @Label("Learning Rate")
    @Description("Without the warm-up after a reset")
    double learningRate;
  }

  @Name("spam4j.MomentumReset")
  @Label("Momentum Reset")
  @Description("Both moments were reset to zero before the gradient of this step")
  @Category("spam4j")
  @StackTrace(false)
  static final class MomentumResetEvent extends Event {
    static final EventType TYPE = EventType.getEventType(MomentumResetEvent.class);

    @Label("Step")
    long step;
  }

  @Name("spam4j.NonFinite")
  @Label("Non-finite Gradient")
  @Description("Coordinates of one tensor's gradient that were NaN or infinite in one step")
  @Category("spam4j")
  @StackTrace(false)
  static final class NonFiniteEvent extends Event {
    static final EventType TYPE = EventType.getEventType(NonFiniteEvent.class);

    @Label("Step")
    long step;

    @Label("Tensor")
    @Nullable String tensor;

    @Label("Coordinates")
    long coordinates;
  }
}
