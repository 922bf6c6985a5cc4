package io.spam4j.engine.internal.step;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.checkpoint.SavedNames;
import io.spam4j.engine.internal.decide.AdamPresets;
import io.spam4j.engine.internal.decide.AdamSettings;
import io.spam4j.engine.internal.decide.Hyperparameters;
import io.spam4j.engine.internal.math.NamePattern;
import io.spam4j.engine.internal.transform.TransformChain;
import io.spam4j.engine.internal.transform.TransformLink;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.tensors.DType;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What goes with what: settings with each other, with the types of weights, with transforms, with
 * devices. Asked once, before anything else, so that nothing has been allocated or drawn when it
 * refuses; what comes later relies on it.
 */
public final class Compatibility {
  /**
   * Settings that are free where operations on bfloat16 are emulated: the authors' class has them
   * too, or they decide which weights have moments.
   */
  private static final Set<String> FREE =
      Set.of(
          "resetInterval",
          "rewarmSteps",
          "spikeGraceSteps",
          "biasCorrection",
          "seed",
          "maskSelection",
          "moments",
          "weightRounding");

  private final Configuration configuration;
  private final Algorithm algorithm;

  private Compatibility(Configuration configuration) {
    this.configuration = configuration;
    algorithm = configuration.algorithm();
  }

  /**
   * Checks what the CPU is to do.
   *
   * @param names of the parameters
   * @param weights the type of each parameter's weights
   * @throws IllegalArgumentException if something does not go together
   */
  public static void require(Configuration configuration, List<String> names, List<DType> weights) {
    var compatibility = new Compatibility(configuration);
    compatibility.requireSettings(names);
    for (int i = 0; i < names.size(); i++) {
      compatibility.requireWeights(names.get(i), weights.get(i));
    }
    compatibility.requireTransforms(names, weights);
    compatibility.requireSelections(names, weights);
  }

  /**
   * Checks what a device is to do.
   *
   * @param names of the parameters
   * @param links the transforms at work
   * @return the algorithm, which devices can do
   * @throws IllegalArgumentException if something does not go together, or has no form for devices
   */
  public static AdamFamily requireForDevice(
      Configuration configuration, List<String> names, List<TransformLink> links) {
    var compatibility = new Compatibility(configuration);
    compatibility.requireSettings(names);
    compatibility.requirePatterns(names);
    AdamFamily family = compatibility.requireDeviceForms(links);
    compatibility.requireSelections(names, names.stream().map(_ -> DType.F32).toList());
    return family;
  }

  /** What holds for all parameters. */
  private void requireSettings(List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("an optimizer needs parameters: parameters=[]");
    }
    names.forEach(name -> SavedNames.require("parameter", name));
    if (algorithm instanceof AdamFamily family) {
      requireSettings(family);
    }
  }

  private void requireSettings(AdamFamily family) {
    AdamSettings adam = family.adam();
    boolean plain = adam.amsgrad || adam.spikeAction == SpikeAction.GAUSSIAN;
    if (adam.moments != MomentFormat.F32 && plain) {
      throw new IllegalArgumentException(
          "moments must be F32 with amsgrad and with GAUSSIAN: moments=%s, amsgrad=%s, spikeAction=%s"
              .formatted(adam.moments, adam.amsgrad, adam.spikeAction));
    }
    if (family.isEmulated()) {
      requireAuthorsSettings(adam);
    }
    adam.timeline(); // checks its numbers
  }

  /** What goes with emulated operations on bfloat16: what the SPAM authors' code can do. */
  private void requireAuthorsSettings(AdamSettings adam) {
    AdamSettings reference = AdamPresets.spamReference();
    if (!adam.name.equals(reference.name)) {
      throw notEmulated("optimizer=" + adam.name);
    }
    Map<String, String> actual = algorithm.settings();
    Map<String, String> expected = reference.settings();
    expected.put("nonFinite", NonFinitePolicy.PROPAGATE.name());
    expected.put("transforms", "[]");
    expected.forEach(
        (name, value) -> {
          if (!FREE.contains(name) && !value.equals(actual.get(name))) {
            throw notEmulated("%s=%s, preset=%s".formatted(name, actual.get(name), value));
          }
        });
    if (adam.biasCorrection == BiasCorrection.SINCE_RESET) {
      throw notEmulated("biasCorrection=SINCE_RESET, preset=" + reference.biasCorrection);
    }
    if (adam.weightRounding != WeightRounding.NEAREST) {
      throw new IllegalArgumentException(
          "weightRounding must be NEAREST where moments are BF16_EMULATED: weightRounding="
              + adam.weightRounding);
    }
  }

  private static IllegalArgumentException notEmulated(String reason) {
    return new IllegalArgumentException(
        "moments can be BF16_EMULATED in Spam.Preset.REFERENCE alone, with its settings: "
            + reason);
  }

  private void requireWeights(String parameter, DType weights) {
    if (weights != DType.F32 && weights != DType.BF16) { // a plan has no Parameter that says so
      throw new IllegalArgumentException(
          "weights must be F32 or BF16: parameter=" + parameter + ", dtype=" + weights);
    }
    if (algorithm instanceof Baseline baseline && !baseline.types().contains(weights)) {
      throw new IllegalArgumentException(
          "weights must be F32 for optimizers that have no form for BF16: optimizer=%s, parameter=%s, dtype=%s"
              .formatted(algorithm.name(), parameter, weights));
    }
    if (weights != DType.BF16 && algorithm instanceof AdamFamily family && family.isEmulated()) {
      throw new IllegalArgumentException(
          "weights must be BF16 where moments are BF16_EMULATED: parameter=%s, dtype=%s"
              .formatted(parameter, weights));
    }
  }

  private void requireTransforms(List<String> names, List<DType> weights) {
    requirePatterns(names);
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      boolean readsWeights =
          configuration.transforms().stream().anyMatch(t -> readsWeights(t, name));
      if (weights.get(i) != DType.F32 && readsWeights) {
        throw new IllegalArgumentException(
            "weights must be F32 for the transform agc: parameter=%s, dtype=%s"
                .formatted(name, weights.get(i)));
      }
    }
  }

  private static boolean readsWeights(GradientTransform transform, String parameter) {
    return transform instanceof GradientTransform.Agc
        || (transform instanceof GradientTransform.Some some
            && some.transform() instanceof GradientTransform.Agc
            && some.isFor(parameter));
  }

  /** Transforms for some parameters name none in vain. */
  private void requirePatterns(List<String> names) {
    for (GradientTransform transform : configuration.transforms()) {
      if (transform instanceof GradientTransform.Some some) {
        for (String pattern : some.patterns()) {
          if (names.stream().noneMatch(name -> NamePattern.matches(pattern, name))) {
            throw new IllegalArgumentException(
                "a transform for some parameters must name one: pattern=%s, transform=%s, parameters=%s"
                    .formatted(pattern, some.transform(), names));
          }
        }
      }
    }
  }

  /** What parameters of which only some weights have moments need. */
  private void requireSelections(List<String> names, List<DType> weights) {
    if (!(algorithm instanceof AdamFamily family)) {
      return;
    }
    for (int i = 0; i < names.size(); i++) {
      Hyperparameters h = configuration.hyperparameters().get(i);
      if (h.isSparse()) {
        requireSelection(family.adam(), names.get(i), h, weights.get(i));
      }
    }
  }

  private static void requireSelection(
      AdamSettings adam, String parameter, Hyperparameters h, DType weights) {
    if (adam.resetsAfterUpdate) {
      throw new IllegalArgumentException(
          "density must be 1 where resets come after the update, as in the authors' Stable-SPAM;"
              + " use another preset: parameter=%s, density=%s".formatted(parameter, h.density()));
    }
    boolean reads = adam.movesUnselected() || adam.selectsByWeights();
    if (weights != DType.F32 && reads) {
      throw new IllegalArgumentException(
          "weights must be F32 where all of them move or the largest are selected: parameter=%s, dtype=%s, unselected=%s, maskedWeightDecay=%s, maskSelection=%s"
              .formatted(
                  parameter, weights, adam.unselected, adam.maskedWeightDecay, adam.maskSelection));
    }
    if (adam.moments == MomentFormat.INT8 && adam.keepsSelectedMoments(/* hasGradient= */ false)) {
      throw new IllegalArgumentException(
          "moments must not be INT8 where a reset leaves some of them; use BF16: parameter=%s, overlap=%s, resetsMissingGradients=%s"
              .formatted(parameter, adam.overlap, adam.resetsMissingGradients));
    }
  }

  private AdamFamily requireDeviceForms(List<TransformLink> links) {
    if (!(algorithm instanceof AdamFamily family)) {
      throw notOnDevices("its update is not that of Adam's family");
    }
    AdamSettings adam = family.adam();
    if (!TransformChain.isFused(links)) {
      throw notOnDevices(
          "its transforms are not a factor, a clip, a factor and a limit, in this order:"
              + " transforms="
              + algorithm.settings().get("transforms"));
    }
    if (TransformChain.enlarges(links)) {
      throw notOnDevices(
          "a factor above 1 can make a coordinate infinite, which is left out on the CPU alone:"
              + " transforms="
              + algorithm.settings().get("transforms"));
    }
    if (!TransformChain.isDeviceDecided(links)) {
      throw notOnDevices(
          "one of its transforms is decided on the CPU alone: transforms="
              + algorithm.settings().get("transforms"));
    }
    if (adam.moments != MomentFormat.F32) {
      throw notOnDevices("moments=" + adam.moments);
    }
    if (adam.spikeAction == SpikeAction.GAUSSIAN) {
      throw notOnDevices("spikeAction=GAUSSIAN");
    }
    boolean anySparse =
        configuration.hyperparameters().stream().anyMatch(Hyperparameters::isSparse);
    if (anySparse && adam.movesUnselected()) {
      throw notOnDevices(
          "weights without moments move: unselected=%s, maskedWeightDecay=%s"
              .formatted(adam.unselected, adam.maskedWeightDecay));
    }
    return family;
  }

  private IllegalArgumentException notOnDevices(String reason) {
    return new IllegalArgumentException(
        "what runs on a device must have a form for it, use the CPU for this: optimizer=%s, %s"
            .formatted(algorithm.name(), reason));
  }
}
