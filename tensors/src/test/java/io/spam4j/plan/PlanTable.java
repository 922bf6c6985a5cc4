package io.spam4j.plan;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The table that a test draws: rows of packages and what they use, floor by floor, from above. */
record PlanTable(Map<String, Row> rows) {
  private static final int SHOWN = 6;
  private static final Pattern ROW =
      Pattern.compile("([\\w.]+)(?:\\s+->\\s+([\\w.]+(?:,\\s*[\\w.]+)*))?");

  /**
   * A package.
   *
   * @param floor counted from above
   * @param uses the packages it has arrows to
   */
  record Row(int floor, Set<String> uses) {}

  /**
   * Reads rows, {@code package -> package, package}; a row goes on after a comma at the end of a
   * line, and empty lines stand between floors.
   */
  static PlanTable parse(String text) {
    Map<String, Row> rows = new LinkedHashMap<>();
    int floor = 0;
    for (String line : text.replaceAll(",\\s*\\n\\s*", ", ").lines().map(String::strip).toList()) {
      if (line.isEmpty()) {
        floor++;
        continue;
      }
      Matcher matcher = ROW.matcher(line);
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "row must be 'package' or 'package -> package, package': row=" + line);
      }
      String uses = matcher.group(2);
      Row row =
          new Row(
              floor,
              uses == null ? Set.of() : new LinkedHashSet<>(List.of(uses.split(",\\s*", -1))));
      if (rows.put(matcher.group(1), row) != null) {
        throw new IllegalArgumentException(
            "package must have one row: package=" + matcher.group(1));
      }
    }
    return new PlanTable(rows);
  }

  /** What classes do otherwise. */
  List<String> compare(Arrows arrows) {
    List<String> found = new ArrayList<>();
    for (String name : arrows.packages()) {
      Row row = rows.get(name);
      if (row == null) {
        found.add("package must have a row: package=" + name);
      } else {
        compare(name, row, arrows.to(name), found);
      }
    }
    rows.keySet().stream()
        .filter(name -> !arrows.packages().contains(name))
        .forEach(name -> found.add("row must have a package: package=" + name));
    return found;
  }

  private void compare(
      String from, Row row, Map<String, SortedSet<String>> arrows, List<String> found) {
    arrows.forEach(
        (to, causes) -> {
          if (!row.uses().contains(to)) {
            found.add("arrow must be in the plan: from=" + from + ", to=" + to + shown(causes));
          }
        });
    for (String to : row.uses()) {
      Row below = rows.get(to);
      if (!arrows.containsKey(to)) {
        found.add("arrow of the plan must be in the classes: from=" + from + ", to=" + to);
      } else if (below != null && below.floor() <= row.floor()) {
        found.add("arrow of the plan must fall: from=" + from + ", to=" + to);
      }
    }
  }

  private static String shown(SortedSet<String> causes) {
    String shown = causes.stream().limit(SHOWN).map(each -> "\n    " + each).collect(joining());
    return causes.size() > SHOWN ? shown + "\n    and " + (causes.size() - SHOWN) + " more" : shown;
  }
}
