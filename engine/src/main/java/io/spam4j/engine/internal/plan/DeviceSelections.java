package io.spam4j.engine.internal.plan;

import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.decide.Selection;
import io.spam4j.engine.internal.decide.StepState;
import io.spam4j.engine.internal.decide.Timeline;
import io.spam4j.engine.internal.step.Configuration;
import io.spam4j.engine.internal.work.ParallelTasks;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.mask.IndexMask;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which weights have moments, of parameters on a device: selections without the moments. */
final class DeviceSelections implements AutoCloseable {
  private final AdamSettings adam;
  private final HostCopies copies;
  private final @Nullable Selection[] selections; // of each parameter; null where it is dense

  DeviceSelections(
      Configuration configuration,
      AdamSettings adam,
      List<String> names,
      List<Long> elements,
      HostCopies copies) {
    this.adam = adam;
    this.copies = copies;
    selections = new Selection[names.size()];
    try {
      for (int i = 0; i < selections.length; i++) {
        Hyperparameters h = configuration.hyperparameters().get(i);
        if (h.isSparse()) {
          adam.requireResetBeforeUpdate(names.get(i), h);
          int parameter = i;
          selections[i] =
              new Selection(
                  adam,
                  names.get(i),
                  elements.get(i),
                  () -> copies.weights(parameter, Arena.ofAuto()),
                  h,
                  new ParallelTasks(configuration.threads()),
                  configuration.arenas());
        }
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Nullable Selection of(int parameter) {
    return selections[parameter];
  }

  boolean isSparse(int parameter) {
    return selections[parameter] != null;
  }

  /** The current one; null if the parameter is dense, or waits for its first gradient. */
  @Nullable IndexMask mask(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? null : selection.mask();
  }

  /** The one that a step has drawn; null if it has not. */
  @Nullable IndexMask nextMask(int parameter) {
    Selection selection = selections[parameter];
    return selection == null ? null : selection.nextMask();
  }

  /** Draws those that change at a step. If that fails, {@link #discard} has to follow. */
  void prepare(StepState step, Timeline timeline) {
    boolean changes = timeline.startsInterval(step.t());
    for (int i = 0; i < selections.length; i++) {
      Selection selection = selections[i];
      if (selection != null && (changes || selection.waits())) {
        selection.prepare(timeline.interval(step.t()), gradient(i, step));
      }
    }
  }

  private @Nullable Tensor gradient(int parameter, StepState step) {
    return adam.selectsByGradient() && step.has(parameter)
        ? copies.gradient(parameter, Arena.ofAuto())
        : null;
  }

  /** Makes those that were drawn the current ones. */
  void commit() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.commit();
      }
    }
  }

  /** Forgets what was drawn. */
  void discard() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.discardNext();
      }
    }
  }

  @Override
  public void close() {
    for (Selection selection : selections) {
      if (selection != null) {
        selection.close();
      }
    }
  }
}
