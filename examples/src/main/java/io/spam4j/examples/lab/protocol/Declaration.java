package io.spam4j.examples.lab.protocol;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What was fixed before anything ran: presets, arms, experiments and their claims, as one JSON file
 * under version control.
 *
 * @param checksum SHA-256 of the file, which reports show
 */
public record Declaration(String checksum, List<Preset> presets, List<Experiment> experiments) {
  private static final String FILE = "/io/spam4j/examples/lab/experiments.json";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** Takes copies. */
  public Declaration {
    presets = List.copyOf(presets);
    experiments = List.copyOf(experiments);
  }

  // As they stand in the file.

  private record File(
      List<Preset> presets, Map<String, ArmEntry> arms, List<ExperimentEntry> experiments) {}

  private record ArmEntry(
      double rate, Map<String, String> settings, @Nullable Map<String, List<String>> knobs) {}

  private record Variant(
      String arm, @Nullable String name, @Nullable Map<String, String> settings) {}

  private record ExperimentEntry(
      String name,
      String title,
      String question,
      @Nullable Map<String, String> settings,
      @Nullable Effort effort,
      List<Variant> arms,
      List<Claim> claims) {}

  /** The declaration that is shipped. */
  public static Declaration shipped() {
    try (InputStream in = Declaration.class.getResourceAsStream(FILE)) {
      return of(Objects.requireNonNull(in, FILE).readAllBytes());
    } catch (IOException e) {
      throw new IllegalStateException("the shipped declaration must be readable: " + FILE, e);
    }
  }

  /**
   * Reads a declaration.
   *
   * @throws IOException if it is not JSON of this form
   * @throws IllegalArgumentException if a rule of an arm, a preset, a claim or an experiment does
   *     not hold, or an experiment has an arm that is not declared
   */
  static Declaration of(byte[] json) throws IOException {
    File file = JSON.readValue(json, File.class);
    List<Experiment> experiments = new ArrayList<>();
    for (ExperimentEntry entry : file.experiments()) {
      List<Arm> arms = new ArrayList<>();
      entry.arms().forEach(variant -> arms.add(arm(variant, file.arms(), entry.name())));
      experiments.add(
          new Experiment(
              entry.name(),
              entry.title(),
              entry.question(),
              Objects.requireNonNullElse(entry.settings(), Map.of()),
              Objects.requireNonNullElse(entry.effort(), Effort.WHOLE),
              arms,
              entry.claims()));
    }
    String checksum = HexFormat.of().formatHex(RunSettings.sha256().digest(json));
    return new Declaration(checksum, file.presets(), experiments);
  }

  private static Arm arm(Variant variant, Map<String, ArmEntry> arms, String experiment) {
    ArmEntry entry = arms.get(variant.arm());
    if (entry == null) {
      throw new IllegalArgumentException(
          "experiment must have declared arms: experiment=%s, arm=%s, declared=%s"
              .formatted(experiment, variant.arm(), arms.keySet()));
    }
    String name = Objects.requireNonNullElse(variant.name(), variant.arm());
    Map<String, List<String>> knobs = Objects.requireNonNullElse(entry.knobs(), Map.of());
    Arm arm = new Arm(name, entry.rate(), new LinkedHashMap<>(entry.settings()), knobs);
    return variant.settings() == null ? arm : arm.with(variant.settings());
  }

  /**
   * A preset.
   *
   * @throws IllegalArgumentException if there is none of the name
   */
  public Preset preset(String name) {
    return presets.stream()
        .filter(preset -> preset.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "preset must be one of %s: preset=%s"
                        .formatted(presets.stream().map(Preset::name).toList(), name)));
  }

  /**
   * An experiment.
   *
   * @throws IllegalArgumentException if there is none of the name
   */
  public Experiment experiment(String name) {
    return experiments.stream()
        .filter(experiment -> experiment.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "experiment must be one of %s: experiment=%s"
                        .formatted(experiments.stream().map(Experiment::name).toList(), name)));
  }
}
