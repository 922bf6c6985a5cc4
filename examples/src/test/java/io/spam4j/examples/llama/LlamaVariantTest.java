package io.spam4j.examples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.spam4j.examples.llama.LlamaVariant.Mitigation;
import io.spam4j.examples.llama.LlamaVariant.Quantisation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LlamaVariantTest {
  private static final int LENGTH = 8;
  private static final int SEQUENCES = 4;
  private static final Llama.Config TINY = Llama.Config.preset("tiny");

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private PointerScope scope;

  @BeforeEach
  void openScope() {
    scope = new PointerScope();
    torch.set_num_threads(1); // The order of sums.
  }

  @AfterEach
  void closeScope() {
    scope.close();
  }

  @Test
  void of_names_giveTheirVariant() {
    assertThat(LlamaVariant.mitigations())
        .containsExactly("none", "embed-norm", "embed-detach", "scaled-embed", "scaled-init");
    assertThat(LlamaVariant.quantisations())
        .containsExactly("none", "int4", "fp4-released", "e2m1");
    List<LlamaVariant> named = new ArrayList<>();
    for (String mitigation : LlamaVariant.mitigations()) {
      for (String quantisation : LlamaVariant.quantisations()) {
        named.add(LlamaVariant.of(mitigation, quantisation));
      }
    }
    assertThat(named).doesNotHaveDuplicates().hasSize(20).startsWith(LlamaVariant.PLAIN);
    assertThat(LlamaVariant.of("embed-detach", "fp4-released"))
        .isEqualTo(new LlamaVariant(Mitigation.EMBED_DETACH, Quantisation.FP4_RELEASED));
  }

  @Test
  void of_unknownName_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LlamaVariant.of("embed", "none"))
        .withMessage(
            "mitigation must be one of none, embed-norm, embed-detach, scaled-embed, scaled-init:"
                + " mitigation=embed");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LlamaVariant.of("none", "INT4"))
        .withMessage(
            "quantisation must be one of none, int4, fp4-released, e2m1: quantisation=INT4");
  }

  @Test
  void isProjection_names_areTheMatricesOfAttentionAndMlp() {
    assertThat(Llama.Config.preset("small").shapes(variant(Mitigation.EMBED_NORM)).keySet())
        .filteredOn(name -> name.startsWith("layers.0.") || !name.startsWith("layers."))
        .filteredOn(Llama::isProjection)
        .containsExactly(
            "layers.0.attention.q",
            "layers.0.attention.k",
            "layers.0.attention.v",
            "layers.0.attention.o",
            "layers.0.mlp.gate",
            "layers.0.mlp.up",
            "layers.0.mlp.down");
    assertThat(TINY.shapes().keySet()).filteredOn(Llama::isProjection).hasSize(3 * 7);
  }

  @Test
  void shapes_variants_areThePlainOnesButForTheEmbeddingNorm() {
    List<String> plain = List.copyOf(TINY.shapes().keySet());
    for (Mitigation mitigation : Mitigation.values()) {
      List<String> expected = new ArrayList<>(plain);
      if (mitigation == Mitigation.EMBED_NORM) {
        expected.add(1, "embedding.norm");
      }
      Map<String, long[]> shapes = TINY.shapes(variant(mitigation));
      assertThat(shapes.keySet()).containsExactlyElementsOf(expected);
      try (Llama llama = Llama.create(TINY, LENGTH, 1, variant(mitigation))) {
        assertThat(llama.parameters().keySet()).containsExactlyElementsOf(expected);
        shapes.forEach(
            (name, shape) ->
                assertThat(llama.weights(name).sizes().vec().get()).as(name).isEqualTo(shape));
      }
    }
    assertThat(TINY.shapes(variant(Mitigation.EMBED_NORM)).get("embedding.norm"))
        .containsExactly(96);
  }

  @Test
  void create_plainVariant_isTheModelWithoutOne() {
    try (Llama without = Llama.create(TINY, LENGTH, 1);
        Llama plain = Llama.create(TINY, LENGTH, 1, LlamaVariant.of("none", "none"))) {
      assertThat(backward(plain)).isEqualTo(backward(without));
      assertEqual(plain.parameters(), without.parameters());
      assertEqual(gradients(plain), gradients(without));
    }
  }

  @Test
  void embedDetach_lossAndGradients_arePlainButForATenthOfTheEmbeddings() {
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama detached = Llama.create(TINY, LENGTH, 1, variant(Mitigation.EMBED_DETACH))) {
      assertThat(backward(detached)).isEqualTo(backward(plain));
      assertGradients(detached, plain, 0.1);
    }
  }

  @Test
  void scaledEmbed_lossAndGradients_areThoseOfAnEmbeddingTimesTheRoot() {
    double root = Math.sqrt(96);
    try (Llama multiplied = Llama.create(TINY, LENGTH, 1);
        Llama scaled = Llama.create(TINY, LENGTH, 1, variant(Mitigation.SCALED_EMBED))) {
      double unscaled = backward(multiplied);
      multiplied.parameters().values().forEach(weights -> weights.mutable_grad().zero_());
      try (var _ = new NoGradGuard()) {
        multiplied.weights("embedding").mul_(new Scalar(root));
      }
      double loss = backward(scaled);
      assertThat(loss).isEqualTo(backward(multiplied)).isNotEqualTo(unscaled);
      assertGradients(scaled, multiplied, root);
    }
  }

  @Test
  void embedNorm_loss_isThatOfAnEmbeddingOfMean0AndVariance1() {
    try (Llama normed = Llama.create(TINY, LENGTH, 1);
        Llama variant = Llama.create(TINY, LENGTH, 1, variant(Mitigation.EMBED_NORM))) {
      Map<String, Tensor> weights = new LinkedHashMap<>(variant.parameters());
      assertThat(torch.equal(weights.remove("embedding.norm"), torch.ones(96))).isTrue();
      assertEqual(weights, normed.parameters());
      try (var _ = new NoGradGuard()) {
        Tensor embedding = normed.weights("embedding");
        Tensor centred = embedding.sub(embedding.mean(1).unsqueeze(1));
        Tensor variance = centred.square().mean(1).unsqueeze(1);
        embedding.copy_(centred.div(variance.add(new Scalar(1e-5)).sqrt()));
      }
      assertThat(backward(variant)).isCloseTo(backward(normed), within(1e-5));
      assertThat(variant.weights("embedding.norm").grad().abs().max().item_float()).isPositive();
      try (var _ = new NoGradGuard()) {
        variant.weights("embedding.norm").mul_(new Scalar(0.5f));
        normed.weights("embedding").mul_(new Scalar(0.5f));
      }
      assertThat((double) variant.loss(batch()).item_float())
          .isCloseTo(normed.loss(batch()).item_float(), within(1e-5));
    }
  }

  @Test
  void scaledInit_matrices_arePlainOnesTimesTheRatioOfDeviations() {
    double ratio = Math.sqrt(2 / (5.0 * 96)) / 0.02;
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama scaled = Llama.create(TINY, LENGTH, 1, variant(Mitigation.SCALED_INIT))) {
      TINY.shapes()
          .forEach(
              (name, shape) ->
                  assertClose(
                      scaled.weights(name), plain.weights(name), shape.length == 1 ? 1 : ratio));
      // the paper's: sqrt(2 / 5 d) / sqrt(2 N), of 96 and 3
      assertThat((double) scaled.weights("layers.1.mlp.down").std(true).item_float())
          .isCloseTo(0.0263523, within(0.0003));
      Map<String, Tensor> scaledBy = scaled.parameters();
      double loss = backward(scaled);
      try (var _ = new NoGradGuard()) {
        plain.parameters().forEach((name, weights) -> weights.copy_(scaledBy.get(name)));
      }
      assertThat(loss).isEqualTo(backward(plain));
    }
  }

  @Test
  void quantisation_grids_areThoseOfTheirNames() {
    Tensor x = torch.arange(new Scalar(-500.0), new Scalar(524.0)).square().sub(new Scalar(9e4));
    assertThat(Quantisation.NONE.weights(x)).isSameAs(x);
    assertThat(Quantisation.NONE.inputs(x)).isSameAs(x);
    assertSame(Quantisation.INT4.weights(x), FakeQuant.int4Weights(x));
    assertSame(Quantisation.INT4.inputs(x), FakeQuant.int4Symmetric(x, 2));
    assertSame(Quantisation.FP4_RELEASED.weights(x), FakeQuant.releasedFp4(x, 2));
    assertSame(Quantisation.FP4_RELEASED.inputs(x), FakeQuant.releasedFp4(x, 2));
    assertSame(Quantisation.E2M1.weights(x), FakeQuant.e2m1(x, 2));
    assertSame(Quantisation.E2M1.inputs(x), FakeQuant.e2m1(x, 2));
  }

  private static void assertSame(Tensor actual, Tensor expected) {
    assertThat(torch.equal(actual, expected)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void quantised_loss_isNearThePlainAndDiffers(Quantisation quantisation) {
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama quantised = Llama.create(TINY, LENGTH, 1, variant(quantisation))) {
      assertEqual(quantised.parameters(), plain.parameters());
      double loss = backward(quantised);
      double full = backward(plain);
      assertThat(loss).isCloseTo(full, within(0.05)).isNotCloseTo(full, within(1e-6));
      assertThat(gradients(quantised).values())
          .allSatisfy(gradient -> assertThat(gradient.abs().max().item_float()).isPositive());
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void quantised_weightsThatAreRoundedToZero_mightAsWellBeZero(Quantisation quantisation) {
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama quantised = Llama.create(TINY, LENGTH, 1, variant(quantisation))) {
      Tensor logits = quantised.logits(batch());
      for (String name : TINY.shapes().keySet()) {
        if (Llama.isProjection(name)) {
          Tensor full = plain.logits(batch());
          for (Llama llama : List.of(plain, quantised)) {
            try (var _ = new NoGradGuard()) {
              Tensor weights = llama.weights(name);
              Tensor zeros = quantisation.weights(weights).eq(new Scalar(0.0));
              weights.copy_(weights.masked_fill(zeros, new Scalar(0.0)));
            }
          }
          assertThat(torch.equal(quantised.logits(batch()), logits)).as(name).isTrue();
          assertThat(torch.equal(plain.logits(batch()), full)).as(name).isFalse();
        }
      }
    }
  }

  @Test
  void quantised_inputsThatAreRoundedToZero_giveNoGradient() {
    // The grid that rounds most to zero.
    LlamaVariant variant = variant(Quantisation.FP4_RELEASED);
    // One byte again and again: a channel is small at all positions or at none.
    long[] same = new long[LENGTH];
    Arrays.fill(same, 42);
    Batch batch = new Batch(same, batch().slice(0, 1).targets(), 1, LENGTH);
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama quantised = Llama.create(TINY, LENGTH, 1, variant)) {
      plain.loss(batch).backward();
      quantised.loss(batch).backward();
      for (String name : TINY.shapes().keySet()) {
        // Those of q and k vanish where all positions are the same; their inputs are those of v.
        boolean mixes = name.endsWith("attention.q") || name.endsWith("attention.k");
        if (Llama.isProjection(name) && !mixes) {
          assertThat(zeroColumns(plain.weights(name).grad())).as(name).isZero();
          assertThat(zeroColumns(quantised.weights(name).grad())).as(name).isPositive();
        }
      }
      assertThat(zeroColumns(quantised.weights("head").grad())).isZero();
    }
  }

  private static int zeroColumns(Tensor matrix) {
    return matrix.abs().amax(new long[] {0}, false).eq(new Scalar(0.0)).sum().item_int();
  }

  @Test
  void quantised_embeddingNormsAndHead_stayFull() {
    // With projections of zero only embedding, the last norm and head are left.
    try (Llama plain = Llama.create(TINY, LENGTH, 1);
        Llama quantised = Llama.create(TINY, LENGTH, 1, variant(Quantisation.INT4))) {
      for (Llama llama : List.of(plain, quantised)) {
        try (var _ = new NoGradGuard()) {
          llama
              .parameters()
              .forEach(
                  (name, weights) -> {
                    if (Llama.isProjection(name)) {
                      weights.zero_();
                    }
                  });
        }
      }
      assertThat(quantised.loss(batch()).item_float()).isEqualTo(plain.loss(batch()).item_float());
    }
  }

  @Test
  void create_quantisedAndNoGroups_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Llama.create(TINY, 7, 1, variant(Quantisation.E2M1)))
        .withMessage(
            "quantised weights, and inputs of a sequence, must have a multiple of 256 elements:"
                + " hidden=96, inner=256, length=7");
    Llama.create(TINY, 7, 1, variant(Mitigation.EMBED_NORM)).close();
  }

  @ParameterizedTest
  @EnumSource(Quantisation.class)
  void shards_anyVariant_keepItInTheTwinAndLearn(Quantisation quantisation) {
    LlamaVariant variant = new LlamaVariant(Mitigation.EMBED_NORM, quantisation);
    Llama llama = Llama.create(TINY, LENGTH, 1, variant);
    try (ExecutorService helper = Executors.newSingleThreadExecutor();
        Shards shards = new Shards(llama, helper)) {
      double whole = llama.loss(batch()).item_float();
      double first = shards.backward(batch());
      // Groups of inputs are within a sequence, so halves of a batch are rounded as the whole is.
      assertThat(first).isCloseTo(whole, within(1e-5));
      double last = first;
      for (int step = 0; step < 10; step++) {
        try (var _ = new NoGradGuard()) {
          for (Tensor weights : llama.parameters().values()) {
            weights.sub_(weights.grad().sign().mul(new Scalar(0.002)));
          }
        }
        last = shards.backward(batch());
      }
      assertThat(last).isLessThan(first - 1);
    }
  }

  private static LlamaVariant variant(Mitigation mitigation) {
    return new LlamaVariant(mitigation, Quantisation.NONE);
  }

  private static LlamaVariant variant(Quantisation quantisation) {
    return new LlamaVariant(Mitigation.NONE, quantisation);
  }

  /** Leaves gradients and returns the loss. */
  private static double backward(Llama llama) {
    Tensor loss = llama.loss(batch());
    loss.backward();
    return loss.item_float();
  }

  private static Map<String, Tensor> gradients(Llama llama) {
    Map<String, Tensor> gradients = new LinkedHashMap<>();
    llama.parameters().forEach((name, weights) -> gradients.put(name, weights.grad()));
    return gradients;
  }

  /** All bits are the same, but for the embedding's gradient, which has a factor. */
  private static void assertGradients(Llama actual, Llama expected, double factor) {
    assertClose(actual.weights("embedding").grad(), expected.weights("embedding").grad(), factor);
    Map<String, Tensor> others = gradients(actual);
    others.keySet().remove("embedding");
    Map<String, Tensor> expectedOthers = gradients(expected);
    expectedOthers.keySet().remove("embedding");
    assertEqual(others, expectedOthers);
  }

  private static void assertEqual(Map<String, Tensor> actual, Map<String, Tensor> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (name, tensor) -> assertThat(torch.equal(actual.get(name), tensor)).as(name).isTrue());
  }

  private static void assertClose(Tensor actual, Tensor base, double factor) {
    Tensor expected = base.mul(new Scalar(factor));
    double largest = expected.abs().max().item_float();
    assertThat(largest).isPositive();
    assertThat((double) actual.sub(expected).abs().max().item_float())
        .isLessThanOrEqualTo(1e-6 * largest);
  }

  /** Bytes that follow each other, some more than once, in sequences of equal length. */
  private static Batch batch() {
    long[] inputs = new long[SEQUENCES * LENGTH];
    Arrays.setAll(inputs, i -> 3 + i % 21);
    long[] targets = new long[inputs.length];
    Arrays.setAll(targets, i -> 4 + i % 21);
    return new Batch(inputs, targets, SEQUENCES, LENGTH);
  }
}
