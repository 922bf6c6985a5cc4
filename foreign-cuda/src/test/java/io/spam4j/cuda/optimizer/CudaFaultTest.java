package io.spam4j.cuda.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.StandIn;
import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MomentOverlap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A failing call, wherever it is in the life of an optimizer, is told by its name and status, and
 * leaves nothing on the device; what had not begun can be done again.
 *
 * <p>After a sticky error the memory of the device goes with the process: then nothing more is
 * asked of CUDA, and the binding holds nothing any more.
 */
final class CudaFaultTest {
  private static final int POSITIONS = 500;

  /** Invalid value, out of memory, and two after which the device is lost. */
  private static final int[] STATUSES = {2, 1, 700, 2, 1, 719};

  @TempDir private Path folder;
  private final StandIn standIn = StandIn.load();

  private record Kind(String name, Launching launching, Supplier<OptimizerBuilder<?>> builder) {}

  private static final List<Kind> KINDS =
      List.of(
          new Kind(
              "sparse keep",
              Launching.KERNELS,
              () -> spam().density(0.3).overlap(MomentOverlap.KEEP)),
          new Kind(
              "Stable-SPAM",
              Launching.GRAPH,
              () -> StableSpam.builder().resetInterval(3).spikeThreshold(5).spikeGraceSteps(1)),
          new Kind(
              "skip step",
              Launching.GRAPH,
              () ->
                  spam()
                      .density(0.3)
                      .maskSelection(MaskSelection.largestGradients())
                      .nonFinite(NonFinitePolicy.SKIP_STEP)
                      .transforms(GradientTransform.globalNorm(1))));

  private static Spam.Builder spam() {
    return Spam.builder().resetInterval(3).rewarmSteps(2).spikeThreshold(5).spikeGraceSteps(1);
  }

  /** What was cut off by a sticky error is nobody else's. */
  @AfterEach
  void reset() {
    standIn.reset();
  }

  @Test
  void failure_atEachCall() throws IOException {
    List<FaultReference> references = new ArrayList<>();
    for (Kind kind : KINDS) {
      references.add(new FaultReference(kind.builder, folder));
    }
    Set<String> phases = new TreeSet<>();
    Set<Boolean> lost = new TreeSet<>();
    int unharmed = 0; // runs of fewer calls than that, one after the other
    for (int n = 1; unharmed < KINDS.size(); n++) {
      int k = n % KINDS.size();
      int status = STATUSES[n / KINDS.size() % STATUSES.length];
      FaultRun run = run(KINDS.get(k), references.get(k), n, status);
      if (run.failure() == null) {
        assertThat(n).isGreaterThan(POSITIONS);
        unharmed++;
        continue;
      }
      unharmed = 0;
      phases.add(run.phase());
      if (run.phase().equals("step")) {
        lost.add(run.hasLostState());
      }
    }
    assertThat(phases)
        .containsExactly(
            "allocate",
            "build",
            "close",
            "close of the device",
            "gradients",
            "load",
            "open",
            "report",
            "save",
            "step",
            "stream");
    assertThat(lost).containsExactly(false, true);
  }

  private FaultRun run(Kind kind, FaultReference reference, int n, int status) throws IOException {
    standIn.reset();
    standIn.fail(n, status);
    Path file = folder.resolve("saved");
    var run = new FaultRun(standIn, reference, kind.builder.get(), kind.launching, file);
    try {
      run.run();
    } catch (AssertionError | RuntimeException e) {
      if (run.failure() != null) {
        e.addSuppressed(run.failure());
      }
      throw new AssertionError(
          "%s, call=%d, name=%s, status=%d, during %s"
              .formatted(kind.name(), n, standIn.failed(), status, run.phase()),
          e);
    }
    return run;
  }
}
