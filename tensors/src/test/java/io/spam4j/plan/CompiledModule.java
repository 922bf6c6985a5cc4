package io.spam4j.plan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The classes of a module, or of a program that is none, by name.
 *
 * @param descriptor what {@code module-info} says, if there is one
 */
record CompiledModule(Optional<ModuleDescriptor> descriptor, Map<String, CompiledClass> classes) {
  /** The name of module descriptions among class files. */
  static final String DESCRIPTOR = "module-info.class";

  /** What is in a folder or jar of class files. */
  static CompiledModule at(Path location) {
    try {
      if (Files.isDirectory(location)) {
        return in(location);
      }
      try (FileSystem jar = FileSystems.newFileSystem(location)) {
        return in(jar.getPath("/"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CompiledModule in(Path folder) throws IOException {
    Optional<ModuleDescriptor> descriptor = Optional.empty();
    Map<String, CompiledClass> classes = new TreeMap<>();
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(file -> file.toString().endsWith(".class")).toList();
    }
    for (Path file : files) {
      if (file.endsWith(DESCRIPTOR)) {
        try (InputStream in = Files.newInputStream(file)) {
          descriptor = Optional.of(ModuleDescriptor.read(in));
        }
      } else {
        CompiledClass type = CompiledClass.of(ClassFile.of().parse(file));
        classes.put(type.name(), type);
      }
    }
    return new CompiledModule(descriptor, classes);
  }

  /** The same without some packages. */
  CompiledModule without(Predicate<String> isLeftOut) {
    Map<String, CompiledClass> kept = new TreeMap<>(classes);
    kept.values().removeIf(type -> isLeftOut.test(type.packageName()));
    return new CompiledModule(descriptor, kept);
  }

  Set<String> packages() {
    return classes.values().stream()
        .map(CompiledClass::packageName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The package that all are in, though it may have no classes itself. */
  String root() {
    String root = packages().iterator().next();
    while (!isRoot(root)) {
      root = CompiledClass.packageOf(root);
    }
    return root;
  }

  private boolean isRoot(String name) {
    return name.isEmpty()
        || packages().stream().allMatch(each -> (each + ".").startsWith(name + "."));
  }

  /** Packages that all other modules see. */
  Set<String> exported() {
    return exports()
        .filter(each -> !each.isQualified())
        .map(Exports::source)
        .collect(Collectors.toSet());
  }

  /** Packages that some other modules see, and which modules. */
  Map<String, Set<String>> exportedToSome() {
    return exports()
        .filter(Exports::isQualified)
        .collect(Collectors.toMap(Exports::source, Exports::targets));
  }

  private Stream<Exports> exports() {
    return descriptor.stream().flatMap(each -> each.exports().stream());
  }

  String name() {
    return descriptor.map(ModuleDescriptor::name).orElseGet(this::root);
  }

  /** Whether code outside the package of a class may use it. */
  boolean isOpen(CompiledClass type) {
    return type.declared()
        && CompiledClass.isOpenTo(type.flags())
        && (type.outer().isEmpty() || isOpen(outer(type)));
  }

  private CompiledClass outer(CompiledClass type) {
    CompiledClass outer = classes.get(type.outer());
    if (outer == null) {
      throw new IllegalStateException(
          "class file is missing: class=" + type.outer() + ", around=" + type.name());
    }
    return outer;
  }
}
