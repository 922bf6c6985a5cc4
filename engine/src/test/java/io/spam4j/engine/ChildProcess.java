package io.spam4j.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Another JVM with the class path and modules of this one. */
public final class ChildProcess {
  private ChildProcess() {}

  public static ProcessBuilder of(List<String> jvmOptions, Class<?> main, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--add-modules=jdk.incubator.vector");
    command.addAll(jvmOptions);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    command.addAll(List.of(args));
    return new ProcessBuilder(command);
  }
}
