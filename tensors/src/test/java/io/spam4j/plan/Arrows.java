package io.spam4j.plan;

import io.spam4j.plan.CompiledClass.Use;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The arrows from packages of a module to other packages of the project, with what makes them. A
 * compiler copies constants (numbers and texts) to where they are used: a package that uses nothing
 * else of another has no arrow to it here.
 */
final class Arrows {
  /** What names of all packages of the project begin with. */
  static final String PROJECT = "io.spam4j.";

  private static final int WIDTH = 84;

  private final Map<String, Map<String, SortedSet<String>>> causes = new TreeMap<>();

  Arrows(CompiledModule module) {
    String root = module.root();
    module.packages().forEach(each -> causes.put(label(root, each), new TreeMap<>()));
    for (CompiledClass type : module.classes().values()) {
      Map<String, SortedSet<String>> own = to(label(root, type.packageName()));
      for (Use use : type.uses()) {
        String target = CompiledClass.packageOf(use.type());
        if (!target.equals(type.packageName()) && target.startsWith(PROJECT)) {
          own.computeIfAbsent(label(root, target), _ -> new TreeSet<>()).add(cause(type, use));
        }
      }
    }
    causes.values().stream()
        .flatMap(each -> each.values().stream())
        .forEach(Arrows::dropTypesWhoseMembersAreThere);
  }

  /**
   * The name of a package in plans: under the module's root what comes after the root, for others,
   * and the root itself, what comes after the name of the project.
   */
  static String label(String root, String packageName) {
    return packageName.startsWith(root + ".")
        ? packageName.substring(root.length() + 1)
        : packageName.substring(PROJECT.length());
  }

  private static String cause(CompiledClass type, Use use) {
    String member = use.member().isEmpty() ? "" : "." + use.member();
    return CompiledClass.simpleName(type.name())
        + " -> "
        + CompiledClass.simpleName(use.type())
        + member.replace(".<init>", "()");
  }

  private static void dropTypesWhoseMembersAreThere(SortedSet<String> causes) {
    causes.removeIf(
        cause ->
            causes.stream()
                .anyMatch(more -> more.startsWith(cause + ".") || more.equals(cause + "()")));
  }

  Set<String> packages() {
    return causes.keySet();
  }

  /** The packages that a package uses, and for each how. */
  Map<String, SortedSet<String>> to(String from) {
    return causes.getOrDefault(from, new TreeMap<>());
  }

  /** Packages from which arrows lead back to them, and those between such circles. */
  SortedSet<String> circle() {
    SortedSet<String> left = new TreeSet<>(packages());
    int before;
    do {
      before = left.size();
      Set<String> used =
          left.stream().flatMap(each -> to(each).keySet().stream()).collect(Collectors.toSet());
      left.retainAll(used);
      left.removeAll(ground(left));
    } while (left.size() < before);
    return left;
  }

  /** Those that use none of the packages. */
  private List<String> ground(Collection<String> packages) {
    return packages.stream()
        .filter(each -> to(each).keySet().stream().noneMatch(packages::contains))
        .toList();
  }

  /** The table that holds, each package on the lowest floor that it can stand on. */
  String draw() {
    NavigableSet<String> left = new TreeSet<>(packages());
    List<String> floors = new ArrayList<>();
    while (!left.isEmpty()) {
      List<String> floor = ground(left);
      if (floor.isEmpty()) {
        floor = List.copyOf(left);
      }
      floors.addFirst(floor.stream().map(this::row).collect(Collectors.joining("\n")));
      floor.forEach(left::remove);
    }
    return String.join("\n\n", floors);
  }

  private String row(String from) {
    if (to(from).isEmpty()) {
      return from;
    }
    int indent = packages().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder row = new StringBuilder(from + " ".repeat(indent - from.length()) + " ->");
    int width = row.length();
    String comma = "";
    for (String to : to(from).keySet()) {
      row.append(comma);
      width += to.length() + 2;
      if (width > WIDTH) {
        row.append("\n").append(" ".repeat(indent + 3));
        width = indent + 3 + to.length() + 2;
      }
      row.append(" ").append(to);
      comma = ",";
    }
    return row.toString();
  }
}
