package io.spam4j.engine.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Whether state of a checkpoint means in an optimizer what it meant where it was saved. Names do
 * not say so: {@code exp_avg} is a mean of gradients in Adam and of updates in Adafactor, and a
 * count corrects the moments that have seen as many gradients, and no others.
 */
final class StateMeaning {
  /** Moments of these are the same, means of gradients and of their squares. */
  private static final Set<String> ADAM = Set.of("adam", "adamw", "spam", "stablespam");

  private static final Set<String> OTHERS = Set.of("lion", "sgd", "adafactor", "adam-mini");

  /** State that no count belongs to, or that comes with other state, by type. */
  private static final Set<String> UNCOUNTED =
      Set.of("max_exp_avg_sq", "weight_low", "exp_avg_grid");

  /** A mean of updates, which nothing corrects. */
  private static final String UNCOUNTED_IN_ADAFACTOR = "exp_avg";

  private final TrainingState file;
  private final TrainingState own;

  StateMeaning(TrainingState file, TrainingState own) {
    this.file = file;
    this.own = own;
  }

  /** Something that moments depend on, in the file and in the optimizer. */
  record Difference(String what, String file, String optimizer) {}

  private boolean isSameOptimizer() {
    return file.optimizer().equals(own.optimizer());
  }

  private boolean isAdam() {
    return isSameOptimizer()
        ? own.settings().containsKey("biasCorrection")
        : ADAM.contains(file.optimizer()) && ADAM.contains(own.optimizer());
  }

  /** Whether both keep moments of one kind; those of an own optimizer are nobody else's. */
  boolean isSameKind() {
    return isSameOptimizer() || isAdam();
  }

  /**
   * The first state tensor that the file lacks and whose age a counter tells: the counters of the
   * file are not its.
   *
   * @param expected the names that the optimizer has
   */
  Optional<String> missing(ParameterState saved, Set<String> expected) {
    return expected.stream()
        .filter(name -> isCounted(name) && !saved.state().containsKey(name))
        .findFirst();
  }

  private boolean isCounted(String state) {
    boolean isOfUpdates =
        own.optimizer().equals("adafactor") && state.equals(UNCOUNTED_IN_ADAFACTOR);
    return !UNCOUNTED.contains(state) && !isOfUpdates;
  }

  /** What makes moments of one kind something else in the optimizer; empty if nothing does. */
  Optional<Difference> difference(ParameterState saved, ParameterState of) {
    if (saved.updates() == 0) {
      return Optional.empty(); // there are none yet
    }
    List<String> fileScales = scales(chain(file));
    List<String> ownScales = scales(chain(own));
    if (!fileScales.equals(ownScales)) {
      return Optional.of(
          new Difference("scale of moments", fileScales.toString(), ownScales.toString()));
    }
    boolean endsKeeping = isAdam() && keepsSelected(file, saved) && !keepsSelected(own, of);
    if (endsKeeping && saved.updatesSinceReset() == 0) {
      return Optional.of(new Difference("moments after a reset", "kept", "zero"));
    }
    if (endsKeeping && isSetting(own, "biasCorrection", "SINCE_RESET")) {
      return Optional.of(new Difference("age of moments", "since the start", "since a reset"));
    }
    return decays(saved, of);
  }

  /** Other decays, where too few gradients have been seen for the corrections of both to be 1. */
  private Optional<Difference> decays(ParameterState saved, ParameterState of) {
    boolean corrects = isAdam() ? !isSetting(own, "biasCorrection", "NONE") : isAdamMini();
    if (!corrects && !comparesByAge()) {
      return Optional.empty();
    }
    ParameterState.Counters counters = counters(saved, of);
    long count =
        isSetting(own, "biasCorrection", "SINCE_RESET") || comparesByAge()
            ? counters.updatesSinceReset()
            : counters.updates();
    for (String beta : List.of("beta1", "beta2")) {
      String one = decay(file, saved, beta);
      String other = decay(own, of, beta);
      if (!one.equals(other) && !(isFull(saved, beta, count) && isFull(of, beta, count))) {
        String updates = " after " + count + " updates";
        return Optional.of(new Difference(beta + " of moments", one + updates, other + updates));
      }
    }
    return Optional.empty();
  }

  private boolean isAdamMini() {
    return isSameOptimizer() && own.optimizer().equals("adam-mini");
  }

  /** Whether spikes are told by means that are corrected for their age. */
  private boolean comparesByAge() {
    return isAdam()
        && (isSetting(own, "spikeAction", "GAUSSIAN")
            || isSetting(own, "spikeReference", "CORRECTED"));
  }

  private static String decay(TrainingState of, ParameterState parameter, String beta) {
    String decay = parameter.hyperparameters().getOrDefault(beta, "none");
    String schedule = schedule(of);
    return beta.equals("beta1") && !schedule.isEmpty() ? decay + " " + schedule : decay;
  }

  /** Of beta1 and of the first decay of AdaGN; empty if there is none. */
  private static String schedule(TrainingState of) {
    String schedule = of.settings().getOrDefault("betaSchedule", "");
    return schedule.startsWith("BetaSchedule[totalSteps=0,") ? "" : schedule;
  }

  /** Whether a mean of so many values needs no correction, in float arithmetic. */
  private static boolean isFull(ParameterState of, String beta, long count) {
    return count == 0 || (float) (1 - Math.pow(number(of, beta, 1), (double) count)) == 1;
  }

  /** A hyper-parameter; NaN if it is no number, which only a file can have. */
  private static double number(ParameterState of, String name, double absent) {
    String text = of.hyperparameters().get(name);
    try {
      return text == null ? absent : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /**
   * The counters of the file as the optimizer means them. One that never resets has one count, of
   * the gradients that its moments have seen; so has one whose corrections take all updates for
   * that, until its next reset.
   */
  ParameterState.Counters counters(ParameterState saved, ParameterState of) {
    ParameterState.Counters counters = saved.counters();
    if (!isAdam() || !resets(file)) {
      return counters;
    }
    boolean resetLate =
        isSetting(file, "resetsAfterUpdate", "true")
            && counters.updatesSinceReset() < counters.updates();
    // The gradient of the step that resets afterwards is counted, and gone.
    long age = counters.updatesSinceReset() - (resetLate ? 1 : 0);
    long seen = keepsSelected(file, saved) ? counters.updates() : age;
    if (!resets(own)) {
      return new ParameterState.Counters(seen, seen, counters.spikes());
    }
    boolean staysLate = isSetting(own, "resetsAfterUpdate", "true");
    long sinceReset = staysLate ? counters.updatesSinceReset() : age;
    long updates = countsResets(saved, of) ? counters.updates() : Math.max(seen, sinceReset);
    return new ParameterState.Counters(updates, sinceReset, counters.spikes());
  }

  /**
   * Whether the optimizer means all updates by their count, also those that the moments of the file
   * have forgotten. Where it corrects by all, though the file did not, or keeps moments, though the
   * file did not, its own run would have none so young with so high a count.
   */
  private boolean countsResets(ParameterState saved, ParameterState of) {
    boolean correctsByAll =
        isSetting(own, "biasCorrection", "GLOBAL") && !isSetting(file, "biasCorrection", "GLOBAL");
    boolean keepsByAll = keepsSelected(own, of) && !keepsSelected(file, saved);
    return !correctsByAll && !keepsByAll;
  }

  private static boolean resets(TrainingState of) {
    return !of.settings().getOrDefault("resetInterval", "0").equals("0");
  }

  private static boolean isSetting(TrainingState of, String name, String value) {
    return value.equals(of.settings().get(name));
  }

  /** Whether a reset leaves moments that its weights have in the next selection too. */
  static boolean keepsSelected(TrainingState of, ParameterState parameter) {
    return isSetting(of, "overlap", "KEEP") && isSparse(parameter);
  }

  /** Whether only some of its weights can have moments, none of them perhaps before a gradient. */
  static boolean isSparse(ParameterState parameter) {
    return parameter.mask().isPresent() || number(parameter, "density", 1) < 1;
  }

  /**
   * Whether transforms remember of gradients what those of the optimizer would: it depends on all
   * that came before them.
   *
   * @param goesOn whether moments are restored, whose count some histories share
   */
  boolean keepsHistories(boolean goesOn) {
    boolean known = isSameOptimizer() || (isKnown(file.optimizer()) && isKnown(own.optimizer()));
    boolean shares = isSetting(own, "countsSinceReset", "true");
    return known && (goesOn || !shares) && remembering(file).equals(remembering(own));
  }

  /** Whether what its state means is known here. */
  static boolean isKnown(String optimizer) {
    return ADAM.contains(optimizer) || OTHERS.contains(optimizer);
  }

  /** All transforms up to the last that remembers something. */
  private static List<String> remembering(TrainingState of) {
    List<String> chain = chain(of);
    while (!chain.isEmpty() && !remembers(chain.getLast())) {
      chain.removeLast();
    }
    return chain;
  }

  private static boolean remembers(String transform) {
    return List.of("AdaClip[", "AdaGN[", "ZClip[").stream().anyMatch(transform::startsWith);
  }

  /** The transforms that change the scale of ordinary gradients, and so that of moments. */
  private static List<String> scales(List<String> chain) {
    List<String> scales = new ArrayList<>();
    for (String transform : chain) {
      if (transform.startsWith("AdaGN[")) {
        String end = transform.substring(0, transform.indexOf(']') + 1);
        scales.add(end.replaceFirst("\\[.*countsZeroNorms=[a-z]*", "["));
      } else if (transform.startsWith("Scale[")) {
        scales.add(transform);
      }
    }
    int last = scales.lastIndexOf("AdaGN[]"); // which forgets all scales before it
    return last < 0 ? scales : scales.subList(last, scales.size());
  }

  /** The texts of all transforms, those of the algorithm last. */
  private static List<String> chain(TrainingState of) {
    List<String> chain = new ArrayList<>();
    String transforms = of.settings().getOrDefault("transforms", "[]");
    if (transforms.length() > 2) {
      chain.addAll(List.of(transforms.substring(1, transforms.length() - 1).split("(?<=\\]), ")));
    }
    if (isSetting(of, "adaClip", "true")) {
      chain.add("AdaClip[decay=%s]".formatted(setting(of, "clipDecay")));
    }
    if (isSetting(of, "adaGN", "true")) {
      chain.add(
          "AdaGN[meanDecay=%s, squareDecay=%s, epsilon=%s, countsZeroNorms=true]%s"
              .formatted(
                  setting(of, "normMeanDecay"),
                  setting(of, "normSquareDecay"),
                  setting(of, "normEpsilon"),
                  schedule(of)));
    }
    return chain;
  }

  private static String setting(TrainingState of, String name) {
    return Objects.requireNonNullElse(of.settings().get(name), "none");
  }
}
