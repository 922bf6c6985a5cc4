package io.spam4j.plan;

import io.spam4j.plan.CompiledClass.Member;
import io.spam4j.plan.CompiledClass.Use;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds what is public or protected in packages that are not for everyone, though no main class
 * outside its package uses it. What the language wants public is not found: methods that override,
 * members of interfaces, what makes enums and records. Nor are constants, whose values compilers
 * copy, and classes that have some.
 *
 * <p>A package that is exported to some modules is looked at where these can all be seen, in the
 * plan of each of them.
 */
final class OpenWithoutUse {
  private final List<CompiledModule> modules;
  private final Map<String, CompiledClass> classes = new HashMap<>();
  private final Set<String> used = new HashSet<>();

  /**
   * @param modules all that can be seen
   */
  OpenWithoutUse(List<CompiledModule> modules) {
    this.modules = modules;
    modules.forEach(module -> classes.putAll(module.classes()));
    modules.forEach(module -> module.classes().values().forEach(this::noteUses));
  }

  private void noteUses(CompiledClass from) {
    for (Use use : from.uses()) {
      noteType(from, use.type());
      if (!use.member().isEmpty()) {
        declaring(use.type(), use.member() + use.descriptor())
            .ifPresent(type -> noteMember(from, type, use.member() + use.descriptor()));
      }
    }
    for (Member member : from.members()) {
      for (CompiledClass parent : ancestors(from)) {
        noteMember(from, parent, member.key());
      }
    }
  }

  private void noteType(CompiledClass from, String name) {
    CompiledClass type = classes.get(name);
    if (type != null && !type.packageName().equals(from.packageName())) {
      used.add(name);
      noteType(from, type.outer());
    }
  }

  private void noteMember(CompiledClass from, CompiledClass type, String key) {
    if (!type.packageName().equals(from.packageName())) {
      used.add(type.name() + "." + key);
    }
  }

  /** The class that has a member which another, perhaps, only inherits. */
  private Optional<CompiledClass> declaring(String type, String key) {
    CompiledClass start = classes.get(type);
    if (start == null) {
      return Optional.empty();
    }
    if (start.members().stream().anyMatch(member -> member.key().equals(key))) {
      return Optional.of(start);
    }
    return start.parents().stream().flatMap(parent -> declaring(parent, key).stream()).findFirst();
  }

  /** All superclasses and interfaces, those of libraries too. */
  private Set<CompiledClass> ancestors(CompiledClass type) {
    Set<CompiledClass> all = new LinkedHashSet<>();
    for (String name : type.parents()) {
      CompiledClass parent = classes.computeIfAbsent(name, OpenWithoutUse::library);
      all.add(parent);
      all.addAll(ancestors(parent));
    }
    return all;
  }

  private static CompiledClass library(String name) {
    String file = name.replace('.', '/') + ".class";
    try (InputStream in = ClassLoader.getSystemResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("class file is missing: class=" + name);
      }
      return CompiledClass.of(ClassFile.of().parse(in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is found, in the plan of one of the modules. */
  List<String> find(CompiledModule own) {
    List<String> found = new ArrayList<>();
    for (CompiledModule module : modules) {
      Set<String> packages = packagesToLookAt(own, module);
      module.classes().values().stream()
          .filter(type -> packages.contains(type.packageName()) && module.isOpen(type))
          .forEach(type -> look(own.root(), type, found));
    }
    return found;
  }

  private Set<String> packagesToLookAt(CompiledModule own, CompiledModule module) {
    Map<String, Set<String>> some = module.exportedToSome();
    if (!module.name().equals(own.name())) {
      Set<String> seen = modules.stream().map(CompiledModule::name).collect(Collectors.toSet());
      return some.keySet().stream()
          .filter(each -> some.getOrDefault(each, Set.of()).contains(own.name()))
          .filter(each -> seen.containsAll(some.getOrDefault(each, Set.of())))
          .collect(Collectors.toSet());
    }
    Set<String> packages = module.packages();
    packages.removeAll(module.exported());
    packages.removeAll(some.keySet());
    return packages;
  }

  private void look(String root, CompiledClass type, List<String> found) {
    if (!used.contains(type.name())) {
      boolean outerIsFound = !type.outer().isEmpty() && !used.contains(type.outer());
      if (!outerIsFound && type.members().stream().noneMatch(OpenWithoutUse::isOpenConstant)) {
        found.add("public without use outside its package: type=" + name(root, type));
      }
      return;
    }
    for (Member member : type.members()) {
      if (member.isOpen()
          && !used.contains(type.name() + "." + member.key())
          && !mustBeOpen(type, member)) {
        found.add("public without use outside its package: member=" + name(root, type, member));
      }
    }
  }

  private static boolean isOpenConstant(Member member) {
    return member.constant() && member.isOpen();
  }

  private boolean mustBeOpen(CompiledClass type, Member member) {
    return member.constant()
        || type.is(AccessFlag.INTERFACE)
        || isOfEnum(type, member)
        || isOfRecord(type, member)
        || overrides(type, member);
  }

  private static boolean isOfEnum(CompiledClass type, Member member) {
    return type.is(AccessFlag.ENUM)
        && (member.is(AccessFlag.ENUM)
            || member.name().equals("values")
            || member.name().equals("valueOf"));
  }

  private static boolean isOfRecord(CompiledClass type, Member member) {
    return type.components()
        .filter(
            all ->
                member.key().equals("<init>(" + all + ")V")
                    || type.members().stream()
                        .anyMatch(
                            field -> member.key().equals(field.name() + "()" + field.descriptor())))
        .isPresent();
  }

  private boolean overrides(CompiledClass type, Member member) {
    if (!member.isMethod() || member.name().equals("<init>") || member.is(AccessFlag.STATIC)) {
      return false;
    }
    return type.members().stream().anyMatch(each -> isBridgeTo(each, member))
        || ancestors(type).stream()
            .flatMap(parent -> parent.members().stream())
            .anyMatch(each -> each.isOpen() && each.key().equals(member.key()));
  }

  /** A method whose types a generic parent leaves open is called through a bridge. */
  private static boolean isBridgeTo(Member bridge, Member member) {
    return bridge.isMethod()
        && bridge.is(AccessFlag.BRIDGE)
        && bridge.name().equals(member.name())
        && parameters(bridge).size() == parameters(member).size();
  }

  private static List<String> parameters(Member member) {
    return MethodTypeDesc.ofDescriptor(member.descriptor()).parameterList().stream()
        .map(type -> type.displayName().replace('$', '.'))
        .toList();
  }

  /** A type as plans name it. */
  static String name(String root, CompiledClass type) {
    return Arrows.label(root, type.packageName()) + "." + CompiledClass.simpleName(type.name());
  }

  /** A member as plans name it. */
  static String name(String root, CompiledClass type, Member member) {
    String name = member.name().equals("<init>") ? "" : "." + member.name();
    String parameters = member.isMethod() ? "(" + String.join(", ", parameters(member)) + ")" : "";
    return name(root, type) + name + parameters;
  }
}
