package io.spam4j.examples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.spam4j.examples.shell.SpecialFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
  private static final int LENGTH = 16;

  @TempDir Path folder;

  @Test
  void folder_split_isByFileAndRepeatable() throws IOException {
    for (int i = 0; i < 200; i++) {
      write("f" + i + ".txt", "file " + i + " ".repeat(100));
    }
    Corpus corpus = Corpus.read(folder, 1, LENGTH);
    assertThat(corpus.trainingFiles()).doesNotContainAnyElementsOf(corpus.validationFiles());
    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(200);
    assertThat(corpus.validationFiles()).hasSizeBetween(3, 20);
    assertThat(text(corpus.training())).startsWith("file 0 ");
    assertThat(text(corpus.validation())).contains("\0");
    assertThat(Corpus.read(folder, 1, LENGTH).validationFiles())
        .isEqualTo(corpus.validationFiles());
    assertThat(Corpus.read(folder, 2, LENGTH).validationFiles())
        .isNotEqualTo(corpus.validationFiles());
  }

  @Test
  void folder_binaryHiddenAndEmptyFiles_areLeftOut() throws IOException {
    for (int i = 0; i < 20; i++) {
      write("sub/f" + i + ".txt", "x".repeat(100));
    }
    write("image.png", "abc\0def");
    write("empty.txt", "");
    write(".git/config", "y".repeat(100));
    write("sub/.hidden", "y".repeat(100));
    Corpus corpus = Corpus.read(folder, 1, LENGTH);
    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(20);
    assertThat(text(corpus.training()) + text(corpus.validation())).doesNotContain("abc", "y");
  }

  @Test
  @EnabledOnOs(
      value = {OS.LINUX, OS.MAC},
      disabledReason = "no pipes in folders")
  void pipeOrDevice_isRefusedAndNotOpened() throws Exception {
    for (Path data : new Path[] {SpecialFiles.pipe(folder), Path.of("/dev/zero")}) {
      assertThatThrownBy(() -> Corpus.read(data, 1, LENGTH))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("data must be a file, a folder or a zip, no pipe or device: path=" + data);
    }
  }

  @Test
  void zip_ofText_isRead() throws IOException {
    Path zip = zip("texts.zip", ".txt");
    Corpus corpus = Corpus.read(zip, 1, LENGTH);
    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(31);
  }

  @Test
  void srcZip_onlyJavaFiles_areRead() throws IOException {
    Path zip = zip("src.zip", ".java");
    Corpus corpus = Corpus.read(zip, 1, LENGTH);
    assertThat(corpus.trainingFiles()).allMatch(name -> name.endsWith(".java"));
    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(30);
  }

  @Test
  void defaultData_ofThisJdk_isReadUpToTheCap() throws IOException {
    Path sources = Corpus.defaultData();
    assumeTrue(Files.exists(sources), () -> "this JDK has no src.zip: path=" + sources);
    Corpus corpus = Corpus.read(sources, 42, 128);
    int files = corpus.trainingFiles().size() + corpus.validationFiles().size();
    assertThat(corpus.training().length + corpus.validation().length)
        .isEqualTo(Corpus.MAX_BYTES + files);
    assertThat(corpus.validation().length).isGreaterThan(Corpus.MAX_BYTES / 50);
  }

  @Test
  void file_alone_isCutIntoPieces() throws IOException {
    write("all.txt", "0123456789".repeat(10_000));
    Corpus corpus = Corpus.read(folder.resolve("all.txt"), 1, LENGTH);
    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(25);
    assertThat(corpus.validationFiles()).isNotEmpty();
  }

  @Test
  void twoFiles_oneValidates() throws IOException {
    write("a", "a".repeat(1000));
    write("b", "b".repeat(1000));
    Corpus corpus = Corpus.read(folder, 1, LENGTH);
    assertThat(corpus.trainingFiles()).hasSize(1);
    assertThat(corpus.validationFiles()).hasSize(1);
  }

  @Test
  void path_missing_isRefused() {
    Path missing = folder.resolve("nowhere");
    assertThatThrownBy(() -> Corpus.read(missing, 1, LENGTH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data must exist, pass a file, folder or zip of text with --data: path=" + missing);
  }

  @Test
  void text_tooLittle_isRefused() throws IOException {
    write("a", "a".repeat(100));
    write("b", "b".repeat(50));
    write("image", "\0");
    Path data = folder;
    assertThatThrownBy(() -> Corpus.read(data, 2, LENGTH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "data must hold at least 272 bytes of text to train on and, in other files, 68 to"
                + " validate with: path="
                + data
                + ", training=101, validation=51");
  }

  private Path zip(String name, String suffix) throws IOException {
    Path path = folder.resolve(name);
    try (var zip = new ZipOutputStream(Files.newOutputStream(path))) {
      zip.putNextEntry(new ZipEntry("package/"));
      for (int i = 0; i < 30; i++) {
        zip.putNextEntry(new ZipEntry("package/F" + i + suffix));
        zip.write("class F".repeat(20).getBytes(StandardCharsets.UTF_8));
      }
      zip.putNextEntry(new ZipEntry("notes.md"));
      zip.write("notes".getBytes(StandardCharsets.UTF_8));
    }
    return path;
  }

  private void write(String name, String text) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
