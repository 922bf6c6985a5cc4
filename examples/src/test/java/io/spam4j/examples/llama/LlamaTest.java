package io.spam4j.examples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LlamaTest {
  private static final int LENGTH = 8;
  private static final Llama.Config TINY = Llama.Config.preset("tiny");

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private PointerScope scope;

  @BeforeEach
  void openScope() {
    scope = new PointerScope();
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  @Test
  void presets_weights_areCounted() {
    assertThat(TINY.weights()).isEqualTo(381_600);
    assertThat(Llama.Config.preset("small").weights()).isEqualTo(1_869_504);
    assertThat(Llama.Config.preset("9m").weights()).isEqualTo(9_048_192);
  }

  @Test
  void loss_untrained_isNearThatOfGuessing() {
    try (Llama llama = Llama.create(TINY, LENGTH, 1)) {
      assertThat((double) llama.loss(batch(1, 2)).item_float())
          .isCloseTo(Math.log(256), within(0.2));
    }
  }

  @Test
  void create_sameSeed_sameWeights() {
    try (Llama first = Llama.create(TINY, LENGTH, 1);
        Llama second = Llama.create(TINY, LENGTH, 1);
        Llama other = Llama.create(TINY, LENGTH, 2)) {
      for (String name : TINY.shapes().keySet()) {
        assertThat(torch.equal(first.weights(name), second.weights(name))).isTrue();
      }
      assertThat(torch.equal(first.weights("head"), other.weights("head"))).isFalse();
      assertThat(torch.equal(first.weights("head"), first.weights("embedding"))).isFalse();
    }
  }

  @Test
  void logits_lastByteChanged_earlierOnesStay() {
    Batch batch = batch(1, 2);
    long[] inputs = batch.inputs().clone();
    inputs[LENGTH - 1] = 99;
    try (Llama llama = Llama.create(TINY, LENGTH, 1)) {
      Tensor before = llama.logits(batch);
      Tensor after = llama.logits(new Batch(inputs, batch.targets(), 2, LENGTH));
      for (int row = 0; row < 2 * LENGTH; row++) {
        assertThat(torch.equal(before.select(0, row), after.select(0, row)))
            .as("row %d", row)
            .isEqualTo(row != LENGTH - 1);
      }
    }
  }

  @Test
  void logits_sameBytesInAnotherOrder_differ() {
    long[] inputs = {1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 3, 4, 5, 6, 7, 8};
    try (Llama llama = Llama.create(TINY, LENGTH, 1)) {
      Tensor logits = llama.logits(new Batch(inputs, inputs, 2, LENGTH));
      assertThat(torch.equal(logits.select(0, LENGTH - 1), logits.select(0, 2 * LENGTH - 1)))
          .isFalse();
    }
  }

  @Test
  void twin_weights_areSharedAndGradientsAreNot() {
    try (Llama llama = Llama.create(TINY, LENGTH, 1);
        Llama twin = llama.sharingWeights()) {
      twin.loss(batch(1, 2)).backward();
      assertThat(twin.weights("head").grad().defined()).isTrue();
      assertThat(llama.weights("head").grad().defined()).isFalse();
      try (var _ = new NoGradGuard()) {
        llama.weights("head").fill_(new Scalar(3.0f));
      }
      assertThat(twin.weights("head").mean().item_float()).isEqualTo(3);
    }
  }

  @Test
  void batches_sameSeedAndStep_areTheSame() {
    byte[] text = counting(1000);
    Batches batches = new Batches(text, 4, LENGTH, 5);
    assertThat(batches.training(3).inputs()).isEqualTo(batches.training(3).inputs());
    assertThat(batches.training(4).inputs()).isNotEqualTo(batches.training(3).inputs());
    Batch batch = batches.training(0);
    for (int i = 0; i < batch.tokens(); i++) {
      assertThat(batch.targets()[i]).isEqualTo((batch.inputs()[i] + 1) % 256);
    }
  }

  @Test
  void batches_validation_coversShortTextsOnce() {
    byte[] text = counting(10 * LENGTH + 1);
    assertThat(new Batches(text, 4, LENGTH, 5).validation(100))
        .extracting(Batch::sequences)
        .containsExactly(4, 4, 2);
    assertThat(new Batches(text, 4, LENGTH, 5).validation(1))
        .extracting(batch -> batch.inputs()[LENGTH])
        .containsExactly(2L * LENGTH);
  }

  private static byte[] counting(int bytes) {
    byte[] text = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      text[i] = (byte) i;
    }
    return text;
  }

  private static Batch batch(int first, int sequences) {
    long[] inputs = new long[sequences * LENGTH];
    Arrays.setAll(inputs, i -> first + i);
    long[] targets = new long[inputs.length];
    Arrays.setAll(targets, i -> first + i + 1);
    return new Batch(inputs, targets, sequences, LENGTH);
  }
}
