package io.spam4j.examples.lab.protocol;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that the digits of a run depend on, by name: the data's checksum, the model, the optimizer
 * and its knobs, the seed. Two runs of equal settings are the same run.
 *
 * @param values in the order of their names
 */
public record RunSettings(SortedMap<String, String> values) {
  private static final int KEY_BYTES = 8;

  /** The names that stages set; arms and tasks add their own. */
  public static final String RATE = "rate";

  /** The rate of embedding, head and norms over that of the projections. */
  public static final String RATIO = "ratio";

  /** Of weights, batches and spikes. */
  public static final String SEED = "seed";

  /** Updates of a run. */
  public static final String STEPS = "steps";

  /** Takes a copy. */
  public RunSettings {
    values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
  }

  /** Settings by name. */
  public static RunSettings of(Map<String, String> values) {
    return new RunSettings(new TreeMap<>(values));
  }

  /** These and others, which replace those of equal names. */
  public RunSettings with(Map<String, String> others) {
    SortedMap<String, String> all = new TreeMap<>(values);
    all.putAll(others);
    return new RunSettings(all);
  }

  /** These with one set. */
  public RunSettings with(String name, String value) {
    return with(Map.of(name, value));
  }

  /** A setting that may be left out. */
  public @Nullable String find(String name) {
    return values.get(name);
  }

  /** A setting, or what stands for it where it is left out. */
  public String get(String name, String standard) {
    return values.getOrDefault(name, standard);
  }

  /**
   * A setting.
   *
   * @throws IllegalArgumentException if it is not there
   */
  public String get(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "run must have a setting: name=%s, settings=%s".formatted(name, values));
    }
    return value;
  }

  /**
   * A setting that is a number.
   *
   * @throws IllegalArgumentException if it is not there, or no number
   */
  public double number(String name) {
    String value = get(name);
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "setting must be a number: name=%s, value=%s".formatted(name, value), e);
    }
  }

  /** A number of the setting's, or a standard one where it is left out. */
  public double number(String name, double standard) {
    return values.containsKey(name) ? number(name) : standard;
  }

  /**
   * A setting that is a whole number.
   *
   * @throws IllegalArgumentException if it is not there, or no whole number of an int
   */
  public int count(String name) {
    double value = number(name);
    if (value != (int) value) {
      throw new IllegalArgumentException(
          "setting must be a whole number: name=%s, value=%s".formatted(name, get(name)));
    }
    return (int) value;
  }

  /** A whole number of the setting's, or a standard one where it is left out. */
  public int count(String name, int standard) {
    return values.containsKey(name) ? count(name) : standard;
  }

  /** 16 hexadecimal digits that stand for the settings: the start of their SHA-256. */
  public String key() {
    var text = new StringBuilder();
    values.forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
    byte[] hash = sha256().digest(text.toString().getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(hash, 0, KEY_BYTES);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJavaHasIt) {
      throw new AssertionError(everyJavaHasIt);
    }
  }
}
