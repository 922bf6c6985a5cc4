package io.spam4j.examples.lab.tasks;

import io.spam4j.engine.Gradients;
import io.spam4j.engine.Parameter;
import io.spam4j.examples.lab.protocol.RunSettings;
import io.spam4j.examples.lab.runs.Task;
import io.spam4j.examples.lab.runs.TaskModel;
import io.spam4j.examples.llama.Batch;
import io.spam4j.examples.llama.Batches;
import io.spam4j.examples.llama.Corpus;
import io.spam4j.examples.llama.Llama;
import io.spam4j.examples.llama.LlamaVariant;
import io.spam4j.examples.llama.Shards;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * A byte-level LLaMA of the demo's presets on a text: loss in nats a byte. Of the files that
 * validate, every other one is the tuning text, the rest the test text. Settings of a run: {@code
 * model} (a preset, {@code tiny} if it is not there), {@code batch} (16 sequences), {@code length}
 * (128 bytes), {@code mitigation} and {@code quantisation} (as {@link LlamaVariant} names them,
 * none), each behind {@code task.}.
 */
public final class LanguageTask implements Task {
  private static final String NONE = "none";
  private static final long SPLIT_SEED = 42;
  private static final int LENGTH = 128;
  private static final int BATCH = 16;
  private static final int EVALUATION_BATCHES = 32;
  private static final int CHECKSUM_BYTES = 8;

  static {
    SameDigits.beforeLibtorch();
  }

  private final String name;
  private final byte[] training;
  private final byte[] tuning;
  private final byte[] test;

  private LanguageTask(String name, Corpus corpus) {
    this.name = name;
    training = corpus.training();
    tuning = everyOther(corpus.validation(), 0);
    test = everyOther(corpus.validation(), 1);
  }

  /**
   * Reads a text: 16 MiB of it at most.
   *
   * @param name such as {@code java}; runs are told apart by it and by the text's checksum
   * @param data a file, folder or zip, as {@link Corpus#read} takes it
   * @throws IllegalArgumentException if there is no text, or too little
   * @throws IOException if it cannot be read
   */
  public static LanguageTask of(String name, Path data) throws IOException {
    LanguageTask task = new LanguageTask(name, Corpus.read(data, SPLIT_SEED, LENGTH));
    if (Math.min(task.tuning.length, task.test.length) <= LENGTH) {
      throw new IllegalArgumentException(
          ("data must hold two files or more to validate with, of %d bytes together each:"
                  + " path=%s, tuning=%d, test=%d")
              .formatted(LENGTH + 1, data, task.tuning.length, task.test.length));
    }
    return task;
  }

  /** Documents with even or odd numbers of a text that has a zero byte after each. */
  private static byte[] everyOther(byte[] text, int which) {
    var documents = new ByteArrayOutputStream();
    int number = 0;
    for (byte b : text) {
      if (number % 2 == which) {
        documents.write(b);
      }
      number += b == 0 ? 1 : 0;
    }
    return documents.toByteArray();
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("task.text", name, "task.data", checksum());
  }

  private String checksum() {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      for (byte[] part : List.of(training, tuning, test)) {
        hash.update(part);
        hash.update((byte) 0);
      }
      return HexFormat.of().formatHex(hash.digest(), 0, CHECKSUM_BYTES);
    } catch (NoSuchAlgorithmException everyJavaHasIt) {
      throw new AssertionError(everyJavaHasIt);
    }
  }

  @Override
  public boolean isProjection(String parameter) {
    return Llama.isProjection(parameter);
  }

  @Override
  public TaskModel open(RunSettings run, Executor helper) {
    Llama.Config config = Llama.Config.preset(run.get("task.model", "tiny"));
    int batch = run.count("task.batch", BATCH);
    int length = run.count("task.length", LENGTH);
    int seed = run.count(RunSettings.SEED);
    LlamaVariant variant =
        LlamaVariant.of(run.get("task.mitigation", NONE), run.get("task.quantisation", NONE));
    Shards shards = new Shards(Llama.create(config, length, seed, variant), helper);
    return new Model(
        shards,
        new Batches(training, batch, length, seed),
        evaluation(tuning, batch, length),
        evaluation(test, batch, length));
  }

  private static List<Batch> evaluation(byte[] text, int batch, int length) {
    return new Batches(text, batch, length, SPLIT_SEED).validation(EVALUATION_BATCHES);
  }

  private record Model(Shards shards, Batches batches, List<Batch> tuning, List<Batch> test)
      implements TaskModel {
    @Override
    public List<Parameter> parameters() {
      return shards.parameters();
    }

    @Override
    public Gradients gradients() {
      return shards.gradients();
    }

    @Override
    public double backward(int step) {
      return shards.backward(batches.training(step));
    }

    @Override
    public double loss(Part part) {
      return shards.loss(part == Part.TUNING ? tuning : test);
    }

    @Override
    public void close() {
      shards.close();
    }
  }
}
