package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchivesTest {
  private static final Pattern ALL = Pattern.compile(".*");

  @TempDir private Path folder;

  @Test
  void deb_andTgz_giveTheFilesThatMatch() throws IOException {
    Map<String, byte[]> files = Map.of("a/one", new byte[] {1}, "a/two", new byte[70_000]);
    Path deb = Files.write(folder.resolve("p.deb"), TestPackages.deb(files));
    Path tgz = Files.write(folder.resolve("p.tgz"), TestPackages.tgz(files));

    assertThat(Archives.deb(deb, ALL)).containsOnlyKeys("a/one", "a/two");
    assertThat(Archives.deb(deb, ALL).get("a/two")).isEqualTo(new byte[70_000]);
    assertThat(Archives.tgz(tgz, Pattern.compile("a/o.*"))).containsOnlyKeys("a/one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/../../x", "/x", "..", "a\\..\\x", "C:x"})
  void names_thatLeadOut_areRefused(String name) throws IOException {
    Path tgz = Files.write(folder.resolve("p.tgz"), TestPackages.tgz(Map.of(name, new byte[] {1})));

    assertThatThrownBy(() -> Archives.tgz(tgz, ALL))
        .isInstanceOf(IOException.class)
        .hasMessage("a name in an archive must not lead out of it: name=" + name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "", ".", ".x", "a\\b", "a.b"})
  void document_withANameOfAnotherPlace_isRefused(String name) throws IOException {
    var documents = new DocumentFolder(folder.resolve("documents"));

    assertThatThrownBy(() -> documents.write(name, "text"))
        .isInstanceOf(IOException.class)
        .hasMessage("a document's name must be letters, digits and dashes: name=" + name);
  }

  @Test
  void document_withAZeroByte_orANameThatIsTaken_isRefused() throws IOException {
    var documents = new DocumentFolder(folder.resolve("documents"));
    documents.write("a", "text");

    assertThatThrownBy(() -> documents.write("b", "a\0b"))
        .isInstanceOf(IOException.class)
        .hasMessage("a document must have no zero byte: name=b");
    assertThatThrownBy(() -> documents.write("a", "text")).isInstanceOf(IOException.class);
  }

  @Test
  void deb_withoutDataInXz_isRefused() throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var ar = new ArArchiveOutputStream(bytes)) {
      ar.putArchiveEntry(new ArArchiveEntry("debian-binary", 0));
      ar.closeArchiveEntry();
    }
    Path deb = Files.write(folder.resolve("p.deb"), bytes.toByteArray());

    assertThatThrownBy(() -> Archives.deb(deb, ALL))
        .isInstanceOf(IOException.class)
        .hasMessage("a Debian package must have a data.tar.xz: file=p.deb");
  }
}
