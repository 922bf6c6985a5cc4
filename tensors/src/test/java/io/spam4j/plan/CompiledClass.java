package io.spam4j.plan;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.ExceptionsAttribute;
import java.lang.classfile.attribute.InnerClassInfo;
import java.lang.classfile.attribute.SignatureAttribute;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a class file says. Names are binary, such as {@code java.util.Map$Entry}.
 *
 * @param outer the class around it, empty if there is none
 * @param flags of the source, which for nested classes are not those of the file
 * @param declared whether it has a name that others can use: local and anonymous classes have none
 * @param source the name of the file it was written in
 * @param parents its superclass and interfaces
 * @param header its generic signature, empty if it is not generic
 * @param components the descriptors of a record's components in a row
 * @param uses what it names, itself included
 */
record CompiledClass(
    String name,
    String outer,
    int flags,
    boolean declared,
    String source,
    List<String> parents,
    String header,
    Optional<String> components,
    List<Member> members,
    Set<Use> uses) {
  private static final Pattern TYPE = Pattern.compile("L([\\w/$]+)[;<]");

  /**
   * A field, a method or, named {@code <init>}, a constructor.
   *
   * @param descriptor of the erased types
   * @param types its descriptor, its generic signature and its exceptions, as text to search
   * @param constant whether its value is copied to those that use it, so that no use can be seen
   */
  record Member(String name, String descriptor, int flags, String types, boolean constant) {
    boolean is(AccessFlag flag) {
      return (flags & flag.mask()) != 0;
    }

    /** Whether the source has it and code outside the package may use it. */
    boolean isOpen() {
      return isOpenTo(flags) && !is(AccessFlag.SYNTHETIC);
    }

    String key() {
      return name + descriptor;
    }

    boolean isMethod() {
      return descriptor.startsWith("(");
    }
  }

  /**
   * A type that a class names, or a member of it.
   *
   * @param member the name of the member, empty for the type alone
   */
  record Use(String type, String member, String descriptor) {}

  static CompiledClass of(ClassModel model) {
    String name = binary(model.thisClass());
    int flags = model.flags().flagsMask();
    String outer = "";
    boolean declared = true;
    for (InnerClassInfo info : innerClasses(model)) {
      if (binary(info.innerClass()).equals(name)) {
        flags = info.flagsMask();
        outer = info.outerClass().map(CompiledClass::binary).orElse("");
        declared = info.outerClass().isPresent();
      }
    }
    List<String> parents = new ArrayList<>();
    model.superclass().map(CompiledClass::binary).ifPresent(parents::add);
    model.interfaces().forEach(each -> parents.add(binary(each)));
    return new CompiledClass(
        name,
        outer,
        flags,
        declared,
        model
            .findAttribute(Attributes.sourceFile())
            .map(source -> source.sourceFile().stringValue())
            .orElse(name),
        parents,
        signature(model.findAttribute(Attributes.signature())),
        model
            .findAttribute(Attributes.record())
            .map(
                record ->
                    record.components().stream()
                        .map(component -> component.descriptor().stringValue())
                        .collect(Collectors.joining())),
        members(model),
        uses(model));
  }

  private static List<InnerClassInfo> innerClasses(ClassModel model) {
    return model
        .findAttribute(Attributes.innerClasses())
        .map(all -> all.classes())
        .orElse(List.of());
  }

  private static List<Member> members(ClassModel model) {
    List<Member> members = new ArrayList<>();
    for (FieldModel field : model.fields()) {
      String descriptor = field.fieldType().stringValue();
      members.add(
          new Member(
              field.fieldName().stringValue(),
              descriptor,
              field.flags().flagsMask(),
              descriptor + signature(field.findAttribute(Attributes.signature())),
              field.findAttribute(Attributes.constantValue()).isPresent()));
    }
    for (MethodModel method : model.methods()) {
      String descriptor = method.methodType().stringValue();
      String exceptions =
          method
              .findAttribute(Attributes.exceptions())
              .map(ExceptionsAttribute::exceptions)
              .orElse(List.of())
              .stream()
              .map(each -> "L" + each.asInternalName() + ";")
              .collect(Collectors.joining());
      members.add(
          new Member(
              method.methodName().stringValue(),
              descriptor,
              method.flags().flagsMask(),
              descriptor + signature(method.findAttribute(Attributes.signature())) + exceptions,
              false));
    }
    return members;
  }

  private static String signature(Optional<SignatureAttribute> attribute) {
    return attribute.map(each -> each.signature().stringValue()).orElse("");
  }

  /** Every name in the file stands in its constant pool, those in annotations and generics too. */
  private static Set<Use> uses(ClassModel model) {
    Set<Use> uses = new LinkedHashSet<>();
    for (PoolEntry entry : model.constantPool()) {
      switch (entry) {
        case MemberRefEntry member ->
            uses.add(
                new Use(
                    binary(member.owner()),
                    member.name().stringValue(),
                    member.type().stringValue()));
        case ClassEntry type -> uses.add(new Use(binary(type), "", ""));
        case Utf8Entry text ->
            typesIn(text.stringValue()).forEach(type -> uses.add(new Use(type, "", "")));
        default -> {}
      }
    }
    return uses;
  }

  /** The classes that descriptors and signatures name. */
  static Set<String> typesIn(String descriptors) {
    return TYPE.matcher(descriptors)
        .results()
        .map(match -> match.group(1).replace('/', '.'))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static String binary(ClassEntry entry) {
    String name = entry.asInternalName();
    int arrayOf = name.lastIndexOf('[') + 1;
    return (arrayOf == 0 || !name.endsWith(";")
            ? name
            : name.substring(arrayOf + 1, name.length() - 1))
        .replace('/', '.');
  }

  String packageName() {
    return packageOf(name);
  }

  static String packageOf(String type) {
    return type.substring(0, Math.max(0, type.lastIndexOf('.')));
  }

  /** As the source has it, without the package. */
  static String simpleName(String type) {
    return type.substring(type.lastIndexOf('.') + 1).replace('$', '.');
  }

  boolean is(AccessFlag flag) {
    return (flags & flag.mask()) != 0;
  }

  static boolean isOpenTo(int flags) {
    return (flags & (AccessFlag.PUBLIC.mask() | AccessFlag.PROTECTED.mask())) != 0;
  }
}
