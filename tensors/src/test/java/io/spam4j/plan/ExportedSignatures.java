package io.spam4j.plan;

import io.spam4j.plan.CompiledClass.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Finds types in exported signatures that those who are meant to read them cannot name. */
final class ExportedSignatures {
  private final Map<String, CompiledClass> classes = new TreeMap<>();
  private final Set<String> exported = new HashSet<>();

  /**
   * @param modules all that can be seen
   */
  ExportedSignatures(List<CompiledModule> modules) {
    for (CompiledModule module : modules) {
      classes.putAll(module.classes());
      exported.addAll(module.exported());
    }
  }

  List<String> find(CompiledModule own) {
    List<String> found = new ArrayList<>();
    for (CompiledClass type : own.classes().values()) {
      if (own.exported().contains(type.packageName()) && own.isOpen(type)) {
        String at = OpenWithoutUse.name(own.root(), type);
        type.parents().forEach(parent -> look(own, at, parent, found));
        CompiledClass.typesIn(type.header()).forEach(each -> look(own, at, each, found));
        for (Member member : type.members()) {
          if (member.isOpen()) {
            String where = OpenWithoutUse.name(own.root(), type, member);
            CompiledClass.typesIn(member.types()).forEach(each -> look(own, where, each, found));
          }
        }
      }
    }
    return found;
  }

  private void look(CompiledModule own, String at, String name, List<String> found) {
    CompiledClass type = classes.get(name);
    if (type != null && !exported.contains(type.packageName())) {
      String finding =
          "exported signature names a type of a package that is not exported: at=%s, type=%s"
              .formatted(at, OpenWithoutUse.name(own.root(), type));
      if (!found.contains(finding)) {
        found.add(finding);
      }
    }
  }
}
