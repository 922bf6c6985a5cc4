package io.spam4j.engine.internal.step;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.StepListener;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.math.Ranges;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the settings of a builder come to: all that an optimizer is made of, but the parameters.
 *
 * @param transforms those of the user
 * @param links make the transforms, those of the algorithm last
 * @param stopAfterNonFinite steps in a row; 0 for any number
 * @param threads the most that a step may run on
 * @param hyperparameters of each parameter
 * @param arenas where all memory outside the heap comes from
 */
public record Configuration(
    Algorithm algorithm,
    List<GradientTransform> transforms,
    List<Algorithm.LinkFactory> links,
    NonFinitePolicy nonFinite,
    long stopAfterNonFinite,
    List<StepListener> listeners,
    int threads,
    List<Hyperparameters> hyperparameters,
    Supplier<Arena> arenas) {
  public Configuration {
    Ranges.notNegative("stopAfterNonFinite", stopAfterNonFinite);
    transforms = List.copyOf(transforms);
    links = List.copyOf(links);
    listeners = List.copyOf(listeners);
    hyperparameters = List.copyOf(hyperparameters);
  }

  /** Whether coordinates that are not finite take part in the arithmetic. */
  public boolean propagates() {
    return nonFinite == NonFinitePolicy.PROPAGATE;
  }
}
