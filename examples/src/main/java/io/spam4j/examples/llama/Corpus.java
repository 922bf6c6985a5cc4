package io.spam4j.examples.llama;

import io.spam4j.tensors.Philox;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Bytes of text to train on and, from other files, bytes to validate with. Files follow each other
 * in the order of their names, with a zero byte after each; a text has none inside.
 */
public final class Corpus {
  /** What is read at most, so that training starts at once; the files are a seeded sample. */
  static final int MAX_BYTES = 16 << 20;

  private static final double VALIDATION_SHARE = 0.05;
  private static final int PIECE_BYTES = 4096;
  private static final int TRAINING_SEQUENCES = 16;
  private static final int VALIDATION_SEQUENCES = 4;
  private static final byte[] ZIP_MAGIC = {'P', 'K', 3, 4};

  private final byte[] training;
  private final byte[] validation;
  private final List<String> trainingFiles;
  private final List<String> validationFiles;

  private Corpus(List<TextFile> training, List<TextFile> validation) {
    this.training = join(training);
    this.validation = join(validation);
    trainingFiles = training.stream().map(TextFile::name).toList();
    validationFiles = validation.stream().map(TextFile::name).toList();
  }

  @SuppressWarnings("ArrayRecordComponent") // Short-lived and never compared.
  private record TextFile(String name, byte[] bytes) {}

  @FunctionalInterface
  private interface Opener {
    InputStream open(String name) throws IOException;
  }

  /** The sources that come with the running JDK. */
  public static Path defaultData() {
    return Path.of(System.getProperty("java.home"), "lib", "src.zip");
  }

  /**
   * Reads a file, a folder with what is below it (hidden files excluded), or a zip, without
   * unpacking it to disk: the {@code .java} files of a {@code src.zip}, otherwise every file
   * without a zero byte. Which files are taken, and which of them validate (about 5 in 100),
   * depends on their names and the seed alone. A single file is cut into pieces of 4 KiB that are
   * treated as files.
   *
   * @param length the bytes of a sequence
   * @throws IllegalArgumentException if there is no such file or too little text in it
   * @throws IOException if it cannot be read
   */
  public static Corpus read(Path data, long seed, int length) throws IOException {
    if (!Files.exists(data)) {
      String rule = data.equals(defaultData()) ? "this JDK has no src.zip" : "data must exist";
      throw new IllegalArgumentException(
          rule + ", pass a file, folder or zip of text with --data: path=" + data);
    }
    if (!Files.isDirectory(data) && !Files.isRegularFile(data)) {
      throw new IllegalArgumentException(
          "data must be a file, a folder or a zip, no pipe or device: path=" + data);
    }
    List<TextFile> files = files(data, seed);
    // In the order of the sample: if chance gives validation too little, it gets the first.
    List<TextFile> training = new ArrayList<>();
    List<TextFile> validation = new ArrayList<>();
    for (TextFile file : files) {
      double draw = Philox.stream(seed, "validation " + file.name(), 0).uniformDouble(0);
      (draw < VALIDATION_SHARE ? validation : training).add(file);
    }
    long needed = VALIDATION_SEQUENCES * (length + 1L);
    while (bytes(validation) < needed && training.size() > 1) {
      validation.add(training.removeFirst());
    }
    training.sort(Comparator.comparing(TextFile::name));
    validation.sort(Comparator.comparing(TextFile::name));
    var corpus = new Corpus(training, validation);
    corpus.requireEnough(data, length + 1L);
    return corpus;
  }

  private static long bytes(List<TextFile> files) {
    return files.stream().mapToLong(file -> file.bytes().length).sum();
  }

  private void requireEnough(Path data, long sequence) {
    if (training.length < TRAINING_SEQUENCES * sequence
        || validation.length < VALIDATION_SEQUENCES * sequence) {
      throw new IllegalArgumentException(
          ("data must hold at least %d bytes of text to train on and, in other files, %d to"
                  + " validate with: path=%s, training=%d, validation=%d")
              .formatted(
                  TRAINING_SEQUENCES * sequence,
                  VALIDATION_SEQUENCES * sequence,
                  data,
                  training.length,
                  validation.length));
    }
  }

  private static List<TextFile> files(Path data, long seed) throws IOException {
    if (Files.isDirectory(data)) {
      try (Stream<Path> paths = Files.walk(data)) {
        List<String> names =
            paths
                .filter(Files::isRegularFile)
                .map(path -> data.relativize(path).toString().replace('\\', '/'))
                .filter(name -> !name.startsWith(".") && !name.contains("/."))
                .toList();
        return sample(names, seed, name -> Files.newInputStream(data.resolve(name)));
      }
    }
    if (isZip(data)) {
      boolean onlyJava = data.endsWith("src.zip");
      try (var zip = new ZipFile(data.toFile())) {
        List<String> names =
            zip.stream()
                .filter(entry -> !entry.isDirectory())
                .map(ZipEntry::getName)
                .filter(name -> !onlyJava || name.endsWith(".java"))
                .toList();
        return sample(names, seed, name -> zip.getInputStream(zip.getEntry(name)));
      }
    }
    return pieces(sample(List.of(data.toString()), seed, _ -> Files.newInputStream(data)));
  }

  private static boolean isZip(Path data) throws IOException {
    try (InputStream in = Files.newInputStream(data)) {
      return Arrays.equals(in.readNBytes(ZIP_MAGIC.length), ZIP_MAGIC);
    }
  }

  /** Texts among the files, in an order drawn from the seed, until there are enough bytes. */
  private static List<TextFile> sample(List<String> names, long seed, Opener opener)
      throws IOException {
    List<String> drawn =
        names.stream()
            .sorted()
            .sorted(
                Comparator.comparingDouble(
                    name -> Philox.stream(seed, "file " + name, 0).uniformDouble(0)))
            .toList();
    List<TextFile> texts = new ArrayList<>();
    int left = MAX_BYTES;
    for (String name : drawn) {
      if (left == 0) {
        break;
      }
      try (InputStream in = opener.open(name)) {
        byte[] bytes = in.readNBytes(left);
        if (bytes.length > 0 && isText(bytes)) {
          texts.add(new TextFile(name, bytes));
          left -= bytes.length;
        }
      }
    }
    return texts;
  }

  private static boolean isText(byte[] bytes) {
    for (byte b : bytes) {
      if (b == 0) {
        return false;
      }
    }
    return true;
  }

  private static List<TextFile> pieces(List<TextFile> files) {
    List<TextFile> pieces = new ArrayList<>();
    for (TextFile file : files) {
      for (int from = 0; from < file.bytes().length; from += PIECE_BYTES) {
        int to = Math.min(file.bytes().length, from + PIECE_BYTES);
        String name = "%s#%08d".formatted(file.name(), pieces.size());
        pieces.add(new TextFile(name, Arrays.copyOfRange(file.bytes(), from, to)));
      }
    }
    return pieces;
  }

  private static byte[] join(List<TextFile> files) {
    var joined = new ByteArrayOutputStream();
    for (TextFile file : files) {
      joined.writeBytes(file.bytes());
      joined.write(0);
    }
    return joined.toByteArray();
  }

  /** The bytes to train on; not a copy. */
  public byte[] training() {
    return training;
  }

  /** The bytes to validate with; not a copy. */
  public byte[] validation() {
    return validation;
  }

  /** The names of the files to train on, sorted. */
  public List<String> trainingFiles() {
    return trainingFiles;
  }

  /** The names of the files to validate with, sorted. */
  public List<String> validationFiles() {
    return validationFiles;
  }
}
