package io.spam4j.examples.lab.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeclarationTest {
  private static final Declaration SHIPPED = Declaration.shipped();

  @Test
  void shipped_neverTestsOnSeedsThatItTunedOn() {
    for (Preset preset : SHIPPED.presets()) {
      assertThat(preset.seeds()).doesNotContainAnyElementsOf(preset.tuningSeeds());
    }
  }

  /** With n claims, Holm's least p is n times 2 / 2^seeds: it must stay below 0.05. */
  @Test
  void shipped_hasSeedsEnoughForItsClaims() {
    for (String name : List.of("quick", "standard", "full")) {
      for (Experiment experiment : SHIPPED.experiments()) {
        Design design = new Design(experiment, SHIPPED.preset(name), MadeUp.TASK);
        int seeds = design.preset().seeds().size();
        assertThat(experiment.claims().size() * 2 / Math.pow(2, seeds))
            .as(experiment.name())
            .isLessThan(0.05);
      }
    }
  }

  @Test
  void shipped_givesEveryArmEquallyManyTrials() {
    Preset standard = SHIPPED.preset("standard");
    for (Experiment experiment : SHIPPED.experiments()) {
      Design design = new Design(experiment, standard, MadeUp.TASK);
      assertThat(design.runs())
          .isEqualTo(
              experiment.arms().size()
                  * (design.preset().trials() + design.preset().seeds().size()));
    }
  }

  @Test
  void shares_ofTheSteps_becomeSteps() {
    assertThat(Values.resolved("T/20", 400)).isEqualTo("20");
    assertThat(Values.resolved("T/20", 30)).isEqualTo("2");
    assertThat(Values.resolved("T/8", 3)).isEqualTo("1");
    assertThat(Values.resolved("5000", 400)).isEqualTo("5000");
  }

  @Test
  void key_dependsOnAllSettingsAndNothingElse() {
    RunSettings run = MadeUp.TASK.with("rate", "0.1").with("seed", "1");
    assertThat(run.key())
        .isEqualTo(MadeUp.TASK.with("seed", "1").with("rate", "0.1").key())
        .hasSize(16)
        .isNotEqualTo(run.with("seed", "2").key());
  }

  @Test
  void unknownWords_areRefused() {
    assertThatThrownBy(
            () ->
                Declaration.of(
                    "{\"presets\":[],\"arms\":{},\"x\":1}".getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("x");
    assertThatThrownBy(() -> SHIPPED.preset("fast")).hasMessageContaining("preset=fast");
    assertThatThrownBy(() -> SHIPPED.experiment("vision"))
        .hasMessageContaining("experiment=vision");
  }

  @Test
  void claims_onArmsThatAreNotThere_areRefused() {
    assertThatThrownBy(() -> MadeUp.experiment(List.of(MadeUp.arm("a")), MadeUp.claim("a", "b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("arms of its experiment");
    assertThatThrownBy(() -> MadeUp.claim("a", "a")).hasMessageContaining("other arms");
  }
}
