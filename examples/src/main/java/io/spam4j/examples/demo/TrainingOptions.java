package io.spam4j.examples.demo;

import io.spam4j.examples.training.TrainingOption;
import io.spam4j.examples.training.TrainingSettings;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options of the training on the command line, before those of the command itself. */
final class TrainingOptions {
  private static final int BEFORE_OTHERS = -2; // an option without an order has -1

  private TrainingOptions() {}

  /** Gives a command the options of the training. */
  static void addTo(CommandSpec command) {
    TrainingOption.all().forEach(option -> command.addOption(onCommandLine(option)));
  }

  private static OptionSpec onCommandLine(TrainingOption<?> option) {
    OptionSpec.Builder builder =
        OptionSpec.builder("--" + option.name())
            .type(option.type())
            .paramLabel(option.label())
            .description(option.description().toArray(String[]::new))
            .initialValue(option.standard())
            .order(BEFORE_OTHERS);
    return (option.standard() instanceof List<?>
            ? builder.auxiliaryTypes(String.class).splitRegex(",")
            : builder)
        .build();
  }

  /**
   * The settings that were asked for.
   *
   * @throws IllegalArgumentException if they are refused
   */
  static TrainingSettings settings(ParseResult arguments) {
    TrainingSettings.Builder settings = TrainingSettings.builder();
    TrainingOption.all().forEach(option -> set(settings, option, arguments));
    return settings.build();
  }

  private static <T> void set(
      TrainingSettings.Builder settings, TrainingOption<T> option, ParseResult arguments) {
    settings.set(option, arguments.matchedOptionValue("--" + option.name(), option.standard()));
  }
}
