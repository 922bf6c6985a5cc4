package io.spam4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.tensors.safetensors.Safetensors;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/**
 * Runs of the specifications at random settings, recorded as traces as the authors' code would have
 * been, pass the replay command.
 */
final class RandomTraceTest {
  @TempDir private Path folder;

  private static Recording adam(long seed) {
    var recording = new Recording(seed % 2 == 0 ? "adam" : "adamw", new Random(seed));
    double[] betas = recording.betas();
    double lr = recording.number("lr", 1e-4, 1e-2);
    double eps = recording.number("eps", 1e-8, 1e-4);
    boolean amsgrad = recording.random.nextBoolean();
    recording.metadata.put("amsgrad", amsgrad ? "True" : "False");
    double decay = recording.number("weight_decay", 0, 0.3);
    recording.add(
        start -> {
          var spec = new AdamSpecification(start);
          spec.decoupled = seed % 2 != 0;
          spec.beta1 = betas[0];
          spec.beta2 = betas[1];
          spec.lr = lr;
          spec.eps = eps;
          spec.amsgrad = amsgrad;
          spec.weightDecay = decay;
          return spec;
        });
    recording.record(_ -> {});
    return recording;
  }

  private static Recording stableSpam(long seed) {
    var recording = new Recording("stablespam", new Random(seed));
    double[] betas = recording.betas();
    double lr = recording.number("lr", 1e-4, 1e-2);
    double eps = recording.number("eps", 1e-8, 1e-4);
    double gamma1 = recording.number("gamma1", 0.1, 0.9);
    boolean aliased = recording.random.nextBoolean();
    if (aliased) {
      recording.metadata.put("gamma1", "-1");
    }
    double gamma2 = recording.number("gamma2", 0.5, 0.999);
    double gamma3 = recording.number("gamma3", 0.5, 0.999);
    int gap = recording.whole("update_proj_gap", 0, 30);
    int total = recording.whole("total_T", 1, 2 * Recording.STEPS);
    double eta = recording.number("eta_min", 0, 1);
    boolean scheduled = recording.random.nextInt(3) > 0;
    if (!scheduled) {
      recording.metadata.put("total_T", "None");
    }
    double decay = recording.weightDecay();
    recording.add(
        start -> {
          var spec = StableSpamSpecification.reference(start);
          spec.beta1 = betas[0];
          spec.beta2 = betas[1];
          spec.lr = lr;
          spec.eps = eps;
          spec.gamma1 = aliased ? betas[0] : gamma1;
          spec.gamma2 = gamma2;
          spec.gamma3 = gamma3;
          spec.dT = gap;
          spec.totalSteps = scheduled ? total : 0;
          spec.etaMin = eta;
          spec.weightDecay = decay;
          return spec;
        });
    recording.record(_ -> {});
    return recording;
  }

  private static Recording spam(long seed) {
    var recording = new Recording("spam", new Random(seed));
    double[] betas = recording.betas();
    double lr = recording.number("lr", 1e-4, 1e-2);
    double eps = recording.number("eps", 1e-8, 1e-4);
    double theta = recording.random.nextInt(4) == 0 ? 0 : recording.number("threshold", 1, 100);
    recording.metadata.putIfAbsent("threshold", "0");
    int interval = recording.whole("DeltaT", 2, 25);
    int warmup = recording.whole("warmup_steps", 0, 20);
    int grace = recording.whole("grad_accu_steps", 1, 10);
    double decay = recording.weightDecay();
    Function<double[], Specification> maker =
        start -> {
          var spec = new SpamSpecification(start);
          spec.beta1 = betas[0];
          spec.beta2 = betas[1];
          spec.lr = lr;
          spec.eps = eps;
          spec.theta = theta;
          spec.dT = interval;
          spec.n = warmup;
          spec.grace = grace;
          spec.weightDecay = decay;
          return spec;
        };
    recording.add(maker);
    int dense = recording.random.nextInt(2) * recording.specs.size();
    recording.add(maker);
    boolean masked = recording.random.nextInt(4) > 0;
    if (masked) {
      recording.number("density", 0.01, 0.99);
      select(recording, dense, 0);
    }
    recording.record(
        t -> {
          if (masked && (t + 2) % interval == 0) {
            select(recording, dense, t + 1);
          }
        });
    return recording;
  }

  /** New masks for all parameters but the first ones, from a step on. */
  private static void select(Recording recording, int first, int step) {
    for (int i = first; i < recording.specs.size(); i++) {
      int[] mask = mask(recording.random, recording.specs.get(i).w().length);
      ((SpamSpecification) recording.specs.get(i)).select(mask);
      recording.mask(i, step, mask);
    }
  }

  /** Nothing, everything, or anything between. */
  private static int[] mask(Random random, int n) {
    int count =
        random.nextInt(4) == 0
            ? random.nextInt(2) * n
            : Recording.LEAST + random.nextInt(n - Recording.LEAST);
    List<Integer> all = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    Collections.shuffle(all, random);
    return all.stream().limit(count).mapToInt(i -> i).sorted().toArray();
  }

  static IntStream seeds() {
    return IntStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void recordedRun_passes(int seed) throws IOException {
    Recording recording =
        switch (seed % 4) {
          case 0 -> adam(seed / 4);
          case 1 -> stableSpam(seed);
          default -> spam(seed);
        };
    Path file = write(recording);
    String printed = replay(0, file);
    assertThat(printed)
        .as("%s", recording.metadata)
        .contains(": " + recording.metadata.get("optimizer") + ", 48 steps, weights ")
        .endsWith(", PASS" + System.lineSeparator());
  }

  @Test
  void recordedRun_ofAnotherMask_fails() throws IOException {
    Recording recording = spam(2);
    assertThat(recording.tensors.keySet()).contains("p1.mask.0000");
    long count = recording.tensors.keySet().stream().filter(name -> name.contains("mask")).count();
    assertThat(count).isGreaterThan(2);
    String last =
        recording.tensors.keySet().stream()
            .filter(name -> name.contains("mask"))
            .reduce("", (_, name) -> name);
    recording.tensors.remove(last);
    assertThat(replay(1, write(recording))).endsWith(", FAIL" + System.lineSeparator());
  }

  private Path write(Recording recording) throws IOException {
    Path file = folder.resolve("trace.safetensors");
    Safetensors.write(file, recording.tensors, recording.metadata);
    return file;
  }

  private static String replay(int expected, Path file) {
    var out = new StringWriter();
    int code =
        new CommandLine(new ReplayCommand())
            .setOut(new PrintWriter(out, true))
            .execute(file.toString());
    assertThat(code).as(out.toString()).isEqualTo(expected);
    return out.toString();
  }
}
