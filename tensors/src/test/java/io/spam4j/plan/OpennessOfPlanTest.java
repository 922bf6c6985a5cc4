package io.spam4j.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A plan fails where inner packages are more open than needed, and where exported ones show them.
 */
class OpennessOfPlanTest {
  private static final String TABLE =
      """
      tiny -> inner

      inner
      """;

  private static final String USER =
      """
      package io.spam4j.tiny;
      import io.spam4j.tiny.inner.*;
      class User {
        int use(Subject subject) { return subject.used(); }
      }
      """;

  @TempDir private Path folder = Path.of("");

  private Plan tiny(String... sources) throws IOException {
    return new TinyModules(folder)
        .with("io.spam4j.tiny", "exports io.spam4j.tiny;", sources)
        .plan()
        .floors(TABLE);
  }

  private static void assertFails(Plan plan, String message) {
    assertThatThrownBy(plan::check)
        .isInstanceOf(AssertionError.class)
        .hasMessage(
            "the classes of io.spam4j.tiny are not as planned:\n" + message.stripTrailing());
  }

  @Test
  void inside_whatNobodyOutsideUsesIsFound() throws IOException {
    Plan plan =
        tiny(
            USER,
            """
            package io.spam4j.tiny.inner;
            import java.util.Map;
            public class Subject {
              Subject() {}
              public Subject(int size) {}
              protected int field;
              public int used() { return unused(null, new int[0]); }
              public int unused(Map.Entry<String, String> entry, int... numbers) { return field; }
              protected static void forNobody() {}
              public interface Nested { void method(); }
              int notOpen() { return 1; }
              private int hidden() { return 2; }
            }
            """,
            "package io.spam4j.tiny.inner; public class Alone { public int member() { return 1; } }",
            "package io.spam4j.tiny.inner; class NotOpen { public int member() { return 1; } }");

    assertFails(
        plan,
        """
        public without use outside its package: type=inner.Alone
        public without use outside its package: member=inner.Subject.field
        public without use outside its package: member=inner.Subject(int)
        public without use outside its package: member=inner.Subject.unused(Map.Entry, int[])
        public without use outside its package: member=inner.Subject.forNobody()
        public without use outside its package: type=inner.Subject.Nested
        """);
  }

  @Test
  void inside_whatTheLanguageWantsPublicIsNotFound() throws IOException {
    Plan plan =
        tiny(
            """
            package io.spam4j.tiny;
            import io.spam4j.tiny.inner.*;
            class User extends Parent {
              static final int COPY = Constants.SIZE;
              int use(Subject subject, Point point, Kind kind, Doer doer) { return inherited(); }
              @Override protected void hook() {}
            }
            """,
            """
            package io.spam4j.tiny.inner;
            public class Subject implements Comparable<Subject>, Doer {
              Subject() {}
              @Override public int compareTo(Subject other) { return 0; }
              @Override public String toString() { return ""; }
              @Override public void run() {}
            }
            """,
            """
            package io.spam4j.tiny.inner;
            public class Parent extends Grandparent { protected void hook() {} }
            """,
            """
            package io.spam4j.tiny.inner;
            public class Grandparent { public int inherited() { return 1; } }
            """,
            "package io.spam4j.tiny.inner; public record Point(int x, int y) {}",
            "package io.spam4j.tiny.inner; public enum Kind { THIS, THAT }",
            "package io.spam4j.tiny.inner; public interface Doer { void run(); }",
            """
            package io.spam4j.tiny.inner;
            public final class Constants { private Constants() {} public static final int SIZE = 3; }
            """);

    assertFails(plan, "public without use outside its package: type=inner.Grandparent");
  }

  @Test
  void inside_whatIsExportedToAModuleIsLookedAtInItsPlan() throws IOException {
    TinyModules modules =
        new TinyModules(folder)
            .with(
                "io.spam4j.low",
                "exports io.spam4j.low.inner to io.spam4j.tiny;",
                """
                package io.spam4j.low.inner;
                public class Low {
                  Low() {}
                  public static void used() {}
                  public static void unused() {}
                }
                """)
            .with(
                "io.spam4j.tiny",
                "requires io.spam4j.low;",
                """
                package io.spam4j.tiny;
                class User { void use() { io.spam4j.low.inner.Low.used(); } }
                """);

    assertThatCode(modules.plan("io.spam4j.low").floors("low.inner")::check)
        .doesNotThrowAnyException();
    assertFails(
        modules.plan("io.spam4j.tiny").floors("tiny -> low.inner"),
        "public without use outside its package: member=low.inner.Low.unused()");
  }

  @Test
  void exported_signaturesNameWhatIsExported() throws IOException {
    Plan plan =
        tiny(
            """
            package io.spam4j.tiny;
            import io.spam4j.tiny.inner.*;
            import java.util.List;
            public class Face extends Base implements Able {
              public Base field;
              protected List<? extends Base> generic;
              public Face() throws Trouble {}
              public <T extends Base> T method(int number, Base[] bases) { return null; }
              Base notOpen;
              private Base hidden() { return notOpen; }
              public void body() { hidden(); }
              public record Row(Base base) {}
            }
            """,
            "package io.spam4j.tiny; class NotOpen extends io.spam4j.tiny.inner.Base {}",
            "package io.spam4j.tiny.inner; public class Base {}",
            "package io.spam4j.tiny.inner; public interface Able {}",
            "package io.spam4j.tiny.inner; public class Trouble extends Exception { Trouble() {} }");

    String rule = "exported signature names a type of a package that is not exported: ";
    assertFails(
        plan,
        """
        at=tiny.Face, type=inner.Base
        at=tiny.Face, type=inner.Able
        at=tiny.Face.field, type=inner.Base
        at=tiny.Face.generic, type=inner.Base
        at=tiny.Face(), type=inner.Trouble
        at=tiny.Face.method(int, Base[]), type=inner.Base
        at=tiny.Face.Row(Base), type=inner.Base
        at=tiny.Face.Row.base(), type=inner.Base
        """
            .indent(0)
            .replaceAll("(?m)^at", rule + "at"));
  }

  @Test
  void program_hasNothingInsideAndNothingExported() throws IOException {
    TinyModules modules =
        new TinyModules(folder)
            .with(
                "io.spam4j.tiny",
                "",
                "package io.spam4j.tiny; public class Main { public void unused() {} }");
    modules.compile();
    CompiledModule module = CompiledModule.at(modules.classes("io.spam4j.tiny"));
    Plan plan = new Plan(true, module, List.of(module)).floors("tiny");

    assertThatCode(plan::check).doesNotThrowAnyException();
  }

  @Test
  void module_mustSayWhatItExports() {
    Path here = Plan.location(OpennessOfPlanTest.class);

    assertThatThrownBy(() -> Plan.ofModule(OpennessOfPlanTest.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("module-info must be compiled beside the classes: location=" + here);
  }

  @Test
  void module_mayBeAJar() {
    Path jar = Plan.location(Test.class);

    assertThat(jar).isRegularFile();
    assertThat(CompiledModule.at(jar).name()).isEqualTo("org.junit.jupiter.api");
  }
}
