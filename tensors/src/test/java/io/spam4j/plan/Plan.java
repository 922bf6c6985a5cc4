package io.spam4j.plan;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The plan of a module: which packages it has, floor by floor, and which of them each may use. A
 * test draws it as a table and {@link #check()} fails with all that the compiled classes do
 * otherwise:
 *
 * <ul>
 *   <li>an arrow that is not in the table, or is there and in no class; a package without a row; an
 *       arrow that does not fall, and so every circle; a package of more than 25 source files;
 *   <li>in packages that {@code module-info} does not export: what is public or protected, though
 *       no main class outside its package uses it;
 *   <li>in exported packages: signatures that name types of packages that are not.
 * </ul>
 *
 * A program, which has no {@code module-info}, is asked for the first alone.
 *
 * <pre>{@code
 * Plan.ofModule(Optimizer.class)
 *     .floors(
 *         """
 *         optimizers    -> internal.step, internal.math,
 *                          engine
 *
 *         internal.step -> internal.math, engine, tensors
 *
 *         engine        -> tensors
 *         internal.math
 *         """)
 *     .except("public without use outside its package: type=internal.math.Cosine", "why it is")
 *     .check();
 * }</pre>
 *
 * A package under the one that all are in, its root, is named by what comes after that; the root
 * and packages of other modules by what comes after {@code io.spam4j}.
 */
public final class Plan {
  private static final int LARGEST = 25;

  private final boolean isProgram;
  private final CompiledModule module;
  private final List<CompiledModule> all;
  private final Map<String, String> exceptions = new LinkedHashMap<>();
  private PlanTable table = new PlanTable(Map.of());

  /**
   * @param all every module that can be seen, this one too
   */
  Plan(boolean isProgram, CompiledModule module, List<CompiledModule> all) {
    this.isProgram = isProgram;
    this.module = module;
    this.all = all;
  }

  /**
   * The plan of a library.
   *
   * @param any a main class of it
   * @throws IllegalStateException if its {@code module-info} is not compiled
   */
  public static Plan ofModule(Class<?> any) {
    CompiledModule module = CompiledModule.at(location(any));
    if (module.descriptor().isEmpty()) {
      throw new IllegalStateException(
          "module-info must be compiled beside the classes: location=" + location(any));
    }
    List<CompiledModule> all = new ArrayList<>(List.of(module));
    for (Path location : modules(any.getClassLoader())) {
      CompiledModule other = CompiledModule.at(location);
      if (!other.name().equals(module.name())) {
        all.add(other);
      }
    }
    return new Plan(false, module, all);
  }

  /**
   * The plan of what nothing else is built on.
   *
   * @param any a main class of it
   */
  public static Plan ofProgram(Class<?> any) {
    CompiledModule program = CompiledModule.at(location(any));
    return new Plan(true, program, List.of(program));
  }

  /** The folder or jar that a class is in. */
  static Path location(Class<?> type) {
    return Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()));
  }

  /** The folders and jars on the class path that say they are modules of the project. */
  private static List<Path> modules(ClassLoader loader) {
    List<Path> locations = new ArrayList<>();
    try {
      for (URL url : Collections.list(loader.getResources(CompiledModule.DESCRIPTOR))) {
        try (InputStream in = url.openStream()) {
          if (ModuleDescriptor.read(in).name().startsWith(Arrows.PROJECT)) {
            locations.add(
                url.openConnection() instanceof JarURLConnection jar
                    ? Path.of(URI.create(jar.getJarFileURL().toString()))
                    : Path.of(URI.create(url.toString())).resolveSibling(""));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return locations;
  }

  /** Leaves out a package that a processor writes. */
  public Plan withoutGenerated(String name) {
    String root = module.root();
    CompiledModule rest = module.without(each -> Arrows.label(root, each).equals(name));
    return new Plan(
        isProgram, rest, all.stream().map(e -> e.name().equals(module.name()) ? rest : e).toList());
  }

  /**
   * Draws the table: a row is {@code package -> package, package}, goes on in the next line after a
   * comma, and stands above all rows that it has arrows to, with an empty line between floors.
   */
  public Plan floors(String rows) {
    table = PlanTable.parse(rows);
    return this;
  }

  /**
   * Accepts what {@link #check()} would fail with.
   *
   * @param finding its whole line
   * @param reason why it is as it is
   */
  public Plan except(String finding, String reason) {
    exceptions.put(finding, reason);
    return this;
  }

  /**
   * Compares.
   *
   * @throws AssertionError if something is not as drawn, with all that is not, and if an exception
   *     is not needed any more
   */
  public void check() {
    Arrows arrows = new Arrows(module);
    List<String> found = new ArrayList<>(table.compare(arrows));
    boolean isDrawn = found.stream().allMatch(each -> exceptions.containsKey(key(each)));
    if (!arrows.circle().isEmpty()) {
      found.add("packages must not go round in a circle: packages=" + arrows.circle());
    }
    addLargePackages(found);
    if (!isProgram) {
      found.addAll(new OpenWithoutUse(all).find(module));
      found.addAll(new ExportedSignatures(all).find(module));
    }
    Set<String> keys = found.stream().map(Plan::key).collect(toSet());
    found.removeIf(each -> exceptions.containsKey(key(each)));
    exceptions.forEach(
        (finding, reason) -> {
          if (!keys.contains(finding)) {
            found.add("exception is not needed: finding=" + finding + ", reason=" + reason);
          }
        });
    if (!found.isEmpty()) {
      throw new AssertionError(
          "the classes of %s are not as planned:\n%s"
                  .formatted(module.name(), String.join("\n", found))
              + (isDrawn ? "" : "\nthe plan that they follow:\n\n" + arrows.draw()));
    }
  }

  /** The first line; what follows tells more. */
  private static String key(String finding) {
    return finding.lines().findFirst().orElse("");
  }

  private void addLargePackages(List<String> found) {
    String root = module.root();
    module.classes().values().stream()
        .filter(type -> !type.source().equals("package-info.java"))
        .collect(
            groupingBy(
                type -> Arrows.label(root, type.packageName()),
                TreeMap::new,
                mapping(CompiledClass::source, toSet())))
        .forEach(
            (name, sources) -> {
              if (sources.size() > LARGEST) {
                found.add(
                    "package must have at most %d source files: package=%s, files=%d"
                        .formatted(LARGEST, name, sources.size()));
              }
            });
  }
}
