package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SwordModuleTest {
  @TempDir private Path folder;

  private static byte[] index(int... numbers) {
    ByteBuffer index = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int number : numbers) {
      index.putInt(number);
    }
    return index.array();
  }

  private static void assertRefused(byte[] index, byte[] data, String message) {
    assertThatThrownBy(() -> SwordModule.blocks(index, data))
        .isInstanceOf(IOException.class)
        .hasMessage(message);
  }

  @Test
  void documents_areTheChaptersOfBothTestaments() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.putAll(
        TestPackages.sword(
            "ot",
            List.of(
                "<milestone/>",
                "Preface",
                "<chapter sID=\"Gen.1\"/>one<chapter sID=\"Gen.2\"/>two")));
    files.putAll(TestPackages.sword("nt", List.of("<chapter sID=\"Matt.1\"/>ünï")));
    files.put("usr/share/doc/small/copyright", new byte[3]);
    Path archive = folder.resolve("small.deb");
    Files.write(archive, TestPackages.deb(files));

    SwordModule.readDocuments(archive, new DocumentFolder(folder.resolve("small")));

    assertThat(folder.resolve("small").toFile().list())
        .containsExactlyInAnyOrder(
            "ot-001.txt", "ot-002-Gen-001.txt", "ot-002-Gen-002.txt", "nt-000-Matt-001.txt");
    assertThat(Files.readAllBytes(folder.resolve("small/nt-000-Matt-001.txt")))
        .isEqualTo(TestPackages.bytes("ünï\n"));
  }

  @Test
  void archive_withoutAModule_isRefused() throws IOException {
    Path archive = folder.resolve("small.deb");
    Files.write(archive, TestPackages.deb(Map.of("usr/share/doc/small/copyright", new byte[3])));
    var documents = new DocumentFolder(folder.resolve("small"));

    assertThatThrownBy(() -> SwordModule.readDocuments(archive, documents))
        .isInstanceOf(IOException.class)
        .hasMessage("a package must have a SWORD module: file=small.deb");
  }

  @Test
  void blocks_thatAreNotWhatTheIndexSays_areRefused() {
    byte[] data = TestPackages.deflate(TestPackages.bytes("text"));
    int size = data.length;

    assertRefused(
        index(1, size, 4),
        data,
        "a block must be inside its file: block=0, from=1, size=%d, file=%d".formatted(size, size));
    assertRefused(
        index(-1, size, 4),
        data,
        "a block must be inside its file: block=0, from=-1, size=%d, file=%d"
            .formatted(size, size));
    assertRefused(
        index(0, size, -4), data, "a block must have at most 67108864 bytes: block=0, bytes=-4");
    assertRefused(
        index(0, size, 5),
        data,
        "a block must inflate to the size in the index: block=0, inflated=4, index=5");
    assertRefused(
        index(0, 4, 4), TestPackages.bytes("text"), "a block must be a zlib stream: block=0");
    byte[] latin = TestPackages.deflate(new byte[] {(byte) 0xe9});
    assertRefused(index(0, latin.length, 1), latin, "a block must be UTF-8: block=0");
  }
}
