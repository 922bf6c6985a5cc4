package io.spam4j.engine.internal.step;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.Parameter;
import io.spam4j.engine.Schedule;
import io.spam4j.engine.StepListener;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.math.Ranges;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.internal.transform.TransformLinks;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What the settings of a builder come to: all that an optimizer is made of, but the parameters.
 *
 * @param transforms those of the user, before those of the algorithm
 * @param stopAfterNonFinite steps in a row; 0 for any number
 * @param threads the most that a step may run on
 * @param learningRate of what no group gives one of its own
 * @param hyperparameters of each parameter
 * @param arenas where all memory outside the heap comes from
 */
public record Configuration(
    Algorithm algorithm,
    List<GradientTransform> transforms,
    NonFinitePolicy nonFinite,
    long stopAfterNonFinite,
    List<StepListener> listeners,
    int threads,
    Schedule learningRate,
    List<Hyperparameters> hyperparameters,
    Supplier<Arena> arenas) {
  public Configuration {
    Ranges.notNegative("stopAfterNonFinite", stopAfterNonFinite);
    transforms = List.copyOf(transforms);
    listeners = List.copyOf(listeners);
    hyperparameters = List.copyOf(hyperparameters);
  }

  /**
   * All transforms at work, those of the algorithm last.
   *
   * @param names of the parameters; empty where only the kinds of transforms matter
   * @param parameters themselves; empty so too, and on devices
   * @param used how many threads a step runs on
   */
  public List<TransformLink> links(List<String> names, List<Parameter> parameters, int used) {
    boolean keepsNonFinite = !propagates();
    List<TransformLink> links = new ArrayList<>();
    for (GradientTransform transform : transforms) {
      links.add(TransformLinks.of(transform, names, parameters, keepsNonFinite, used));
    }
    for (Algorithm.LinkFactory own : algorithm.ownLinks()) {
      links.add(own.of(names.size(), keepsNonFinite));
    }
    return links;
  }

  /** Whether coordinates that are not finite take part in the arithmetic. */
  public boolean propagates() {
    return nonFinite == NonFinitePolicy.PROPAGATE;
  }
}
