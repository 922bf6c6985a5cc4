package io.spam4j.examples.training;

import io.spam4j.examples.llama.Corpus;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/** Everything that results depend on, as text, by the names of the options. */
final class SessionSettings {
  private SessionSettings() {}

  static Map<String, String> of(TrainingSettings settings, Corpus corpus) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (TrainingOption<?> option : TrainingOption.all()) {
      texts.put(option.name(), settings.text(option));
      if (option == TrainingOption.DATA) { // what was read there may change
        texts.put("training text", fingerprint(corpus.training()));
        texts.put("validation text", fingerprint(corpus.validation()));
      }
    }
    return texts;
  }

  private static String fingerprint(byte[] text) {
    var crc = new CRC32C();
    crc.update(text);
    return String.format(Locale.ROOT, "%d bytes with CRC-32C %08x", text.length, crc.getValue());
  }
}
