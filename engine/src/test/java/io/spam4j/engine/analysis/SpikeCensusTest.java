package io.spam4j.engine.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.spam4j.engine.analysis.SpikeCensus.KindSpikes;
import io.spam4j.engine.analysis.SpikeCensus.StepSpikes;
import io.spam4j.engine.analysis.SpikeCensus.TensorSpikes;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SpikeCensusTest {
  private static final SpikeCensus CENSUS =
      new SpikeCensus(
          50,
          1000,
          List.of(
              tensor("embed_tokens.weight", 100, 3, new StepSpikes(7, 3)),
              tensor("layers.0.self_attn.q_proj.weight", 16, 0),
              tensor("layers.0.mlp.up_proj.weight", 40, 2, new StepSpikes(9, 2)),
              tensor(
                  "layers.1.mlp.up_proj.weight",
                  40,
                  4,
                  new StepSpikes(7, 1),
                  new StepSpikes(900, 3))));

  private static TensorSpikes tensor(
      String name, long elements, long spikes, StepSpikes... locations) {
    return new TensorSpikes(name, elements, spikes, List.of(locations), 60, 7, 1);
  }

  @Test
  void byKind_addsTensorsUp_inTheOrderOfTheirFirst() {
    assertThat(CENSUS.byKind())
        .containsExactly(
            new KindSpikes("Embed", 1, 100, 3, List.of(new StepSpikes(7, 3)), 1),
            new KindSpikes("Attention", 1, 16, 0, List.of(), 1),
            new KindSpikes(
                "FFN",
                2,
                80,
                6,
                List.of(new StepSpikes(7, 1), new StepSpikes(9, 2), new StepSpikes(900, 3)),
                2));
    assertThat(CENSUS.byKind().getLast().spikesPerParameter()).isEqualTo(0.075);
  }

  @Test
  void byKind_takesAnotherClassifier() {
    assertThat(CENSUS.byKind(name -> name.startsWith("layers") ? "block" : "rest"))
        .extracting(KindSpikes::kind, KindSpikes::tensors, KindSpikes::spikes)
        .containsExactly(tuple("rest", 1, 3L), tuple("block", 3, 6L));
  }

  @Test
  void totals_areOfAllTensors() {
    assertThat(CENSUS.spikes()).isEqualTo(9);
    assertThat(CENSUS.nonFinite()).isEqualTo(4);
    assertThat(CENSUS.locations())
        .containsExactly(new StepSpikes(7, 4), new StepSpikes(9, 2), new StepSpikes(900, 3));
  }
}
