package io.spam4j.engine.internal.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.engine.GradientTransform;
import io.spam4j.engine.NonFinitePolicy;
import io.spam4j.engine.internal.transform.TransformLinks;
import io.spam4j.engine.options.BiasCorrection;
import io.spam4j.engine.options.EpsilonMode;
import io.spam4j.engine.options.MaskSampling;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.MaskedWeightDecay;
import io.spam4j.engine.options.MomentFormat;
import io.spam4j.engine.options.MomentOverlap;
import io.spam4j.engine.options.SpikeAction;
import io.spam4j.engine.options.SpikeReference;
import io.spam4j.engine.options.UnselectedWeights;
import io.spam4j.engine.options.WarmupCurve;
import io.spam4j.engine.options.WeightDecayMode;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.engine.options.ZeroSecondMoment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The texts that are in the files of users: whoever changes one makes their runs unloadable. */
final class SettingTextsTest {
  @Test
  void curves_andSchedules() {
    assertThat(SettingTexts.of(WarmupCurve.AUTHORS))
        .isEqualTo("WarmupCurve[amplitude=0.99, beyond=1, shift=0]");
    assertThat(SettingTexts.of(new WarmupCurve(1e-4, 0, 1)))
        .isEqualTo("WarmupCurve[amplitude=1.0E-4, beyond=0, shift=1]");
    assertThat(SettingTexts.of(BetaSchedule.NONE))
        .isEqualTo("BetaSchedule[totalSteps=0, finalFraction=1.0, rises=false]");
    assertThat(SettingTexts.of(new BetaSchedule(12_000, 0.5, true)))
        .isEqualTo("BetaSchedule[totalSteps=12000, finalFraction=0.5, rises=true]");
  }

  @Test
  void selections() {
    assertThat(SettingTexts.of(MaskSelection.random())).isEqualTo("Random[sampling=EXACT]");
    assertThat(SettingTexts.of(MaskSelection.random(MaskSampling.BERNOULLI)))
        .isEqualTo("Random[sampling=BERNOULLI]");
    assertThat(SettingTexts.of(MaskSelection.random(MaskSampling.EXACT_THEN_BERNOULLI)))
        .isEqualTo("Random[sampling=EXACT_THEN_BERNOULLI]");
    assertThat(SettingTexts.of(MaskSelection.random().lines(32)))
        .isEqualTo("Random[sampling=EXACT, lines=32]");
    assertThat(SettingTexts.of(MaskSelection.random().lines(1)))
        .isEqualTo("Random[sampling=EXACT]");
    assertThat(SettingTexts.of(MaskSelection.largestWeights().lines(8)))
        .isEqualTo("WEIGHTS[lines=8]");
    assertThat(SettingTexts.of(MaskSelection.largestWeights())).isEqualTo("WEIGHTS");
    assertThat(SettingTexts.of(MaskSelection.largestGradients())).isEqualTo("GRADIENTS");
    assertThat(SettingTexts.of(MaskSelection.given((_, _) -> new long[0]))).isEqualTo("given");
  }

  @Test
  void transforms() {
    assertThat(TransformLinks.text(List.of())).isEqualTo("[]");
    assertThat(
            TransformLinks.text(
                List.of(
                    GradientTransform.zClip(),
                    GradientTransform.adaClip(),
                    GradientTransform.adaGN(),
                    GradientTransform.agc(),
                    GradientTransform.globalNorm(1),
                    GradientTransform.value(1e-3))))
        .isEqualTo(
            "[ZClip[decay=0.97, threshold=2.5, warmupSteps=25], AdaClip[decay=0.999],"
                + " AdaGN[meanDecay=0.7, squareDecay=0.9, epsilon=1.0E-8, countsZeroNorms=true],"
                + " Agc[clipping=0.01, epsilon=0.001], GlobalNorm[maxNorm=1.0],"
                + " Value[limit=0.001]]");
  }

  static Stream<Arguments> enums() {
    return Stream.of(
        Arguments.of(EpsilonMode.class, "CORRECTED UNCORRECTED"),
        Arguments.of(WeightDecayMode.class, "BEFORE AFTER COUPLED"),
        Arguments.of(BiasCorrection.class, "GLOBAL SINCE_RESET NONE"),
        Arguments.of(SpikeAction.class, "CLIP NULLIFY GAUSSIAN NONE"),
        Arguments.of(SpikeReference.class, "RAW CORRECTED"),
        Arguments.of(ZeroSecondMoment.class, "EXEMPT CLIP_TO_ZERO"),
        Arguments.of(MomentFormat.class, "F32 BF16 INT8 BF16_EMULATED"),
        Arguments.of(WeightRounding.class, "STOCHASTIC NEAREST EXACT"),
        Arguments.of(MaskSampling.class, "EXACT BERNOULLI EXACT_THEN_BERNOULLI"),
        Arguments.of(MomentOverlap.class, "RESET KEEP"),
        Arguments.of(UnselectedWeights.class, "FROZEN SGD"),
        Arguments.of(MaskedWeightDecay.class, "SELECTED ALL NONE"),
        Arguments.of(NonFinitePolicy.class, "SKIP_COORDINATE SKIP_STEP THROW PROPAGATE"));
  }

  @ParameterizedTest
  @MethodSource("enums")
  void constants_keepTheirNames(Class<? extends Enum<?>> type, String names) {
    assertThat(type.getEnumConstants())
        .extracting(Enum::name)
        .containsExactlyInAnyOrder(names.split(" "));
  }

  @Test
  void settings_ofAnOptimizer() {
    assertThat(AdamPresets.spamReference().settings())
        .hasToString(
            "{epsilonMode=UNCORRECTED, weightDecayMode=AFTER, biasCorrection=GLOBAL, amsgrad=false,"
                + " resetInterval=500, rewarmSteps=150, initialWarmup=false, resetsAtStart=false,"
                + " warmupCurve=WarmupCurve[amplitude=0.99, beyond=1, shift=0],"
                + " resetsMissingGradients=false, resetsAfterUpdate=false,"
                + " betaSchedule=BetaSchedule[totalSteps=0, finalFraction=1.0, rises=false],"
                + " spikeGraceSteps=20, spikeAction=CLIP, spikeReference=RAW,"
                + " zeroSecondMoment=CLIP_TO_ZERO, limitsGradients=false, flushesSubnormals=false,"
                + " seed=0, maskSelection=Random[sampling=EXACT_THEN_BERNOULLI], overlap=RESET,"
                + " unselected=FROZEN, maskedWeightDecay=NONE}");
  }
}
