package io.spam4j.examples.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.examples.models.LlamaModel;
import io.spam4j.examples.models.ModelWeight;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The numbers of spam-spec 3.1 and 3.4. */
final class PaperMemoryTest {
  private static final ModelWeight DENSE = new ModelWeight("a", List.of(7L), false);
  private static final ModelWeight TARGET = new ModelWeight("b", List.of(10L, 4L), true);

  private static PaperMemory memory(String name) {
    LlamaModel model = LlamaModel.named(name);
    return PaperMemory.of(model.weights(), model.rank());
  }

  @ParameterizedTest
  @CsvSource({
    "60m, 58073600, 25296896",
    "130m, 134105856, 84934656",
    "350m, 367969280, 302383104",
    "1b, 1339082752, 1207910400"
  })
  void weights_areAsManyAsInTheAuthorsModels(String name, long parameters, long targets) {
    assertThat(memory(name).parameters()).isEqualTo(parameters);
    assertThat(memory(name).targets()).isEqualTo(targets);
  }

  @ParameterizedTest
  @CsvSource({
    "60m, 0.3225388601036269",
    "130m, 0.4305555555555556",
    "350m, 0.3228218465539662",
    "1b, 0.3229196337741607"
  })
  void density_isGaloresBudget_toTheLastDigit(String name, double density) {
    assertThat(memory(name).galoreDensity()).isEqualTo(density);
  }

  @Test
  void density_ofLlama2_isThePapersQuarterPercent() {
    assertThat(memory("llama2-7b").galoreDensity()).isCloseTo(0.00252, within(5e-6));
  }

  @ParameterizedTest
  @CsvSource({
    // GB, GiB with Adam; GB, GiB with SPAM at GaLore's budget
    "60m, 0.348, 0.325, 0.280, 0.261",
    "130m, 0.805, 0.749, 0.611, 0.569",
    "350m, 2.208, 2.056, 1.389, 1.293",
    "1b, 8.034, 7.483, 4.763, 4.436"
  })
  void bytes_areThoseOfTheSpecification(
      String name, double adamGb, double adamGib, double spamGb, double spamGib) {
    PaperMemory memory = memory(name);
    long spam = memory.spamBytes(memory.galoreDensity());

    assertThat(memory.adamBytes() / 1e9).isCloseTo(adamGb, within(5e-4));
    assertThat(memory.adamBytes() / 0x1p30).isCloseTo(adamGib, within(5e-4));
    assertThat(spam / 1e9).isCloseTo(spamGb, within(5e-4));
    assertThat(spam / 0x1p30).isCloseTo(spamGib, within(5e-4));
    // GaLore itself: two bytes for each weight, two states a dense weight, and its own states
    assertThat(spam)
        .isEqualTo(
            2
                * (memory.parameters()
                    + 2 * (memory.parameters() - memory.targets())
                    + memory.galoreStates()));
    assertThat(memory.spamBytes(1)).isEqualTo(memory.adamBytes());
  }

  @Test
  void states_areHandWorked() {
    // 4 x 10 with rank 3: 3 * 4 + 2 * 3 * 10 = 72; d = 72 / (2 * 40) = 0.9
    PaperMemory memory = PaperMemory.of(List.of(DENSE, TARGET), 3);

    assertThat(memory).isEqualTo(new PaperMemory(47, 40, 72));
    assertThat(memory.galoreDensity()).isEqualTo(0.9);
    assertThat(memory.spamBytes(0.9)).isEqualTo(2 * (47 + 2 * 7 + 72));
    assertThat(memory.spamBytes(0)).isEqualTo(2 * (47 + 2 * 7));
  }

  @Test
  void rank_outOfRangeIsRefused() {
    for (int rank : new int[] {0, 5}) {
      assertThatThrownBy(() -> PaperMemory.of(List.of(TARGET), rank))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "rank must be in [1, smaller extent]: rank=%d, weight=b, shape=[10, 4]"
                  .formatted(rank));
    }
  }
}
