package io.spam4j.examples.lab;

import io.spam4j.examples.formats.Words;
import io.spam4j.examples.llama.Corpus;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/** Everything that results depend on, as text, by the names of the options. */
final class SessionSettings {
  private SessionSettings() {}

  static Map<String, String> of(LabSettings settings, Corpus corpus) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("data", settings.data().toString());
    texts.put("training text", fingerprint(corpus.training()));
    texts.put("validation text", fingerprint(corpus.validation()));
    texts.put("model", settings.model());
    texts.put("steps", Integer.toString(settings.steps()));
    texts.put("optimizers", String.join(",", settings.optimizers()));
    texts.put("state", Words.of(settings.state()));
    texts.put("batch", Integer.toString(settings.batch()));
    texts.put("length", Integer.toString(settings.length()));
    texts.put("learning-rate", Double.toString(settings.learningRate()));
    texts.put("spike-rate", Double.toString(settings.spikeRate()));
    texts.put("spike-share", Double.toString(settings.spikeShare()));
    texts.put("spike-factor", Double.toString(settings.spikeFactor()));
    texts.put("seed", Long.toString(settings.seed()));
    return texts;
  }

  private static String fingerprint(byte[] text) {
    var crc = new CRC32C();
    crc.update(text);
    return String.format(Locale.ROOT, "%d bytes with CRC-32C %08x", text.length, crc.getValue());
  }
}
