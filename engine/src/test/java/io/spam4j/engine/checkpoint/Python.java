package io.spam4j.engine.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The system's Python, which may have PyTorch: Debian's package is python3-torch. */
public final class Python {
  private static final String PYTHON = "/usr/bin/python3";
  private static final Path TOOL = Path.of("..", "tools", "spam4j_state.py").toAbsolutePath();

  private Python() {}

  /** How a process ended, and all that it wrote. */
  record Result(int code, String output) {}

  public static boolean hasTorch() throws IOException, InterruptedException {
    return Files.isExecutable(Path.of(PYTHON)) && run("-c", "import torch").code() == 0;
  }

  /** Runs tools/spam4j_state.py. */
  static Result tool(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(TOOL.toString()));
    command.addAll(List.of(words));
    return run(command.toArray(String[]::new));
  }

  /** Runs a phase of resources/torch/exchange.py. */
  static void exchange(Path folder, String phase)
      throws IOException, InterruptedException, URISyntaxException {
    script("exchange.py", TOOL.toString(), folder.toString(), phase);
  }

  /** Runs resources/torch/emulated.py. */
  public static void emulated(Path folder)
      throws IOException, InterruptedException, URISyntaxException {
    script("emulated.py", TOOL.toString(), folder.toString());
  }

  /** Runs resources/torch/hostile.py. */
  static void hostile(Path folder) throws IOException, InterruptedException, URISyntaxException {
    script("hostile.py", TOOL.toString(), folder.toString());
  }

  private static void script(String name, String... words)
      throws IOException, InterruptedException, URISyntaxException {
    var script = Objects.requireNonNull(Python.class.getResource("/torch/" + name));
    List<String> command = new ArrayList<>(List.of(Path.of(script.toURI()).toString()));
    command.addAll(List.of(words));
    Result result = run(command.toArray(String[]::new));
    assertThat(result.code()).as(result.output()).isZero();
  }

  private static Result run(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(PYTHON, "-B")); // no compiled files in tools
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OMP_NUM_THREADS", "1"); // small tensors
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Result(process.waitFor(), output);
  }
}
