package io.spam4j.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Modules of a few lines, compiled in a folder. */
final class TinyModules {
  private static final Pattern TYPE =
      Pattern.compile(
          "package ([\\w.]+);.*?(?:class|interface|enum|record) (\\w+)", Pattern.DOTALL);

  private final Path folder;
  private final List<String> names = new ArrayList<>();

  TinyModules(Path folder) {
    this.folder = folder;
  }

  /**
   * Adds a module, or classes to one.
   *
   * @param directives what is in the braces of its description
   * @param sources one class each, beginning with its package
   */
  TinyModules with(String name, String directives, String... sources) throws IOException {
    if (!names.contains(name)) {
      names.add(name);
    }
    write(name, "module-info", "module %s { %s }".formatted(name, directives));
    for (String source : sources) {
      Matcher type = TYPE.matcher(source);
      assertThat(type.find()).as(source).isTrue();
      write(name, type.group(1).replace('.', '/') + "/" + type.group(2), source);
    }
    return this;
  }

  private void write(String module, String type, String source) throws IOException {
    Path file = folder.resolve("src").resolve(module).resolve(type + ".java");
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, source);
  }

  /** Where the classes of a module are. */
  Path classes(String name) {
    return folder.resolve("out").resolve(name);
  }

  /** The plan of the module that was added first. */
  Plan plan() throws IOException {
    return plan(names.getFirst());
  }

  Plan plan(String name) throws IOException {
    compile();
    List<CompiledModule> all =
        names.stream().map(each -> CompiledModule.at(classes(each))).toList();
    CompiledModule module =
        all.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    return new Plan(false, module, all);
  }

  void compile() throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    List<Path> sources;
    try (Stream<Path> all = Files.walk(folder.resolve("src"))) {
      sources = all.filter(file -> file.toString().endsWith(".java")).toList();
    }
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<String> options =
          List.of(
              "-d",
              folder.resolve("out").toString(),
              "--module-source-path",
              folder.resolve("src").toString());
      boolean done =
          compiler
              .getTask(
                  messages, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
              .call();
      assertThat(done).as(messages.toString()).isTrue();
    }
  }
}
