package io.spam4j.examples.demo;

import io.spam4j.examples.lab.LabOption;
import io.spam4j.examples.lab.LabSettings;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options of the lab on the command line, before those of the command itself. */
final class LabOptions {
  private static final int BEFORE_OTHERS = -2; // an option without an order has -1

  private LabOptions() {}

  /** Gives a command the options of the lab. */
  static void addTo(CommandSpec command) {
    LabOption.all().forEach(option -> command.addOption(onCommandLine(option)));
  }

  private static OptionSpec onCommandLine(LabOption<?> option) {
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
  static LabSettings settings(ParseResult arguments) {
    LabSettings.Builder settings = LabSettings.builder();
    LabOption.all().forEach(option -> set(settings, option, arguments));
    return settings.build();
  }

  private static <T> void set(
      LabSettings.Builder settings, LabOption<T> option, ParseResult arguments) {
    settings.set(option, arguments.matchedOptionValue("--" + option.name(), option.standard()));
  }
}
