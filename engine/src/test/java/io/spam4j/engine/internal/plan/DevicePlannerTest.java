package io.spam4j.engine.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.engine.device.HostCopies;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.TestArenas;
import io.spam4j.tensors.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

/** What a planner holds; that it decides as the CPU does is shown where devices are. */
final class DevicePlannerTest {
  private static final class NoCopies implements HostCopies {
    @Override
    public Tensor weights(int parameter, Arena arena) {
      throw new AssertionError("nothing is selected by magnitude");
    }

    @Override
    public Tensor gradient(int parameter, Arena arena) {
      throw new AssertionError("nothing is selected by magnitude");
    }

    @Override
    public Tensor state(int parameter, String name, Arena arena) {
      throw new AssertionError("nothing is saved");
    }
  }

  private final List<Arena> arenas = new ArrayList<>();

  private Arena arena() {
    arenas.add(Arena.ofShared());
    return arenas.getLast();
  }

  private static SequencedMap<String, long[]> shapes() {
    SequencedMap<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("a", new long[] {10, 10});
    shapes.put("b", new long[] {7});
    return shapes;
  }

  @Test
  void planner_thatIsRefusedHoldsNothing() {
    var settings = TestArenas.in(this::arena, Spam.builder().density(0.5).resetInterval(-1));
    assertThatThrownBy(() -> settings.planner(shapes(), new NoCopies()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("resetInterval must not be negative: resetInterval=-1");
    assertThat(arenas).noneMatch(arena -> arena.scope().isAlive());
  }

  @Test
  void planner_holdsItsSelectionsUntilItIsClosed() {
    var settings = TestArenas.in(this::arena, Spam.builder().density(0.5));
    try (var planner = settings.planner(shapes(), new NoCopies())) {
      assertThat(planner.moments(0)).isEqualTo(50);
      assertThat(planner.mask(1).orElseThrow().count()).isEqualTo(3);
      assertThat(arenas).anyMatch(arena -> arena.scope().isAlive());
    }
    assertThat(arenas).noneMatch(arena -> arena.scope().isAlive());
  }
}
