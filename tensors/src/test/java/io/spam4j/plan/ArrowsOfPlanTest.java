package io.spam4j.plan;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan fails where the arrows between packages are not those of its table. */
class ArrowsOfPlanTest {
  private static final String ROOF =
      """
      package io.spam4j.tiny.roof;
      public class Roof {
        int height() { return new io.spam4j.tiny.wall.Wall(3).height() + io.spam4j.tiny.Ground.level; }
      }
      """;

  private static final String WALL =
      """
      package io.spam4j.tiny.wall;
      public class Wall {
        private final int height;
        public Wall(int height) { this.height = height; }
        public int height() { return height; }
      }
      """;

  private static final String GROUND =
      "package io.spam4j.tiny; public class Ground { public static int level = 1; }";

  private static final String EXPORTS =
      "exports io.spam4j.tiny; exports io.spam4j.tiny.roof; exports io.spam4j.tiny.wall;";

  @TempDir private Path folder = Path.of("");

  private Plan tiny(String... more) throws IOException {
    TinyModules modules =
        new TinyModules(folder).with("io.spam4j.tiny", EXPORTS, ROOF, WALL, GROUND);
    modules.with("io.spam4j.tiny", EXPORTS, more);
    return modules.plan();
  }

  private static void assertFails(ThrowingCallable check, String message) {
    assertThatThrownBy(check)
        .isInstanceOf(AssertionError.class)
        .hasMessage(
            "the classes of io.spam4j.tiny are not as planned:\n" + message.stripTrailing());
  }

  @Test
  void plan_thatIsDrawnAsItIs_holds() throws IOException {
    Plan plan =
        tiny()
            .floors(
                """
                roof -> wall,
                        tiny

                wall
                tiny
                """);

    assertThatCode(plan::check).doesNotThrowAnyException();
  }

  @Test
  void arrow_thatIsNotDrawn_isShownWithWhatMakesIt() throws IOException {
    Plan plan =
        tiny()
            .floors(
                """
                roof -> tiny

                wall
                tiny
                """);

    assertFails(
        plan::check,
        """
        arrow must be in the plan: from=roof, to=wall
            Roof -> Wall()
            Roof -> Wall.height
        the plan that they follow:

        roof -> tiny, wall

        tiny
        wall
        """);
  }

  @Test
  void arrow_ofTypesAloneIsOne() throws IOException {
    Plan plan =
        tiny("""
                package io.spam4j.tiny.wall;
                import io.spam4j.tiny.roof.Roof;
                import java.util.List;
                class Generic {
                  @interface Of { Class<?> value(); }
                  List<Roof> field;
                }
                """)
            .floors(
                """
                roof -> wall, tiny

                wall
                tiny
                """);

    assertFails(
        plan::check,
        """
        arrow must be in the plan: from=wall, to=roof
            Generic -> Roof
        packages must not go round in a circle: packages=[roof, wall]
        the plan that they follow:

        roof -> tiny, wall
        wall -> roof

        tiny
        """);
  }

  @Test
  void arrow_toAnotherModuleIsNamedAfterIt() throws IOException {
    Plan plan =
        new TinyModules(folder)
            .with(
                "io.spam4j.tiny",
                "requires io.spam4j.far; exports io.spam4j.tiny;",
                "package io.spam4j.tiny; class Near extends io.spam4j.far.away.Far {}")
            .with(
                "io.spam4j.far",
                "exports io.spam4j.far.away;",
                "package io.spam4j.far.away; public class Far {}")
            .plan()
            .floors("tiny");

    assertFails(
        plan::check,
        """
        arrow must be in the plan: from=tiny, to=far.away
            Near -> Far()
        the plan that they follow:

        tiny -> far.away
        """);
  }

  @Test
  void arrow_ofThePlanThatNothingMakes_isRefused() throws IOException {
    Plan plan =
        tiny()
            .floors(
                """
                roof -> wall, tiny

                wall -> tiny

                tiny
                """);

    assertFails(
        plan::check,
        """
        arrow of the plan must be in the classes: from=wall, to=tiny
        the plan that they follow:

        roof -> tiny, wall

        tiny
        wall
        """);
  }

  @Test
  void arrow_mustFall() throws IOException {
    Plan plan =
        tiny()
            .floors(
                """
                roof -> wall, tiny
                wall

                tiny
                """);

    assertFails(
        plan::check,
        """
        arrow of the plan must fall: from=roof, to=wall
        the plan that they follow:

        roof -> tiny, wall

        tiny
        wall
        """);
  }

  @Test
  void packagesAndRows_belongTogether() throws IOException {
    Plan plan =
        tiny()
            .floors(
                """
                roof -> wall, tiny

                wall
                cellar
                """);

    assertFails(
        plan::check,
        """
        package must have a row: package=tiny
        row must have a package: package=cellar
        the plan that they follow:

        roof -> tiny, wall

        tiny
        wall
        """);
  }

  @Test
  void package_mayBeLeftOutThatAProcessorWrites() throws IOException {
    Plan plan =
        tiny()
            .withoutGenerated("roof")
            .floors(
                """
                wall
                tiny
                """);

    assertThatCode(plan::check).doesNotThrowAnyException();
  }

  @Test
  void package_isNotTooLarge() throws IOException {
    String[] more =
        IntStream.range(0, 25)
            .mapToObj("package io.spam4j.tiny.wall; class Brick%d { class Inner {} }"::formatted)
            .toArray(String[]::new);
    Plan plan =
        tiny(more)
            .floors(
                """
                roof -> wall, tiny

                wall
                tiny
                """);

    assertFails(plan::check, "package must have at most 25 source files: package=wall, files=26");
  }

  @Test
  void exception_acceptsAFindingAndIsRefusedWithoutOne() throws IOException {
    String table =
        """
        wall
        tiny
        roof -> wall, tiny
        """;
    Plan plan =
        tiny()
            .floors(table)
            .except("arrow of the plan must fall: from=roof, to=wall", "a roof hangs")
            .except("arrow of the plan must fall: from=roof, to=tiny", "a roof hangs");

    assertThatCode(plan::check).doesNotThrowAnyException();

    plan.except("package must have a row: package=cellar", "it is dark");

    assertFails(
        plan::check,
        "exception is not needed: finding=package must have a row: package=cellar, reason=it is dark");
  }

  @Test
  void table_mustBeReadable() throws IOException {
    Plan plan = tiny();

    assertThatThrownBy(() -> plan.floors("roof -> wall tiny"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "row must be 'package' or 'package -> package, package': row=roof -> wall tiny");
    assertThatThrownBy(() -> plan.floors("roof\nroof"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("package must have one row: package=roof");
  }
}
