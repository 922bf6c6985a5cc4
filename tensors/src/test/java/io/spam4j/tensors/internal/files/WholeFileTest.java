package io.spam4j.tensors.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a file is like that was replaced, and what is done to files beside it. */
final class WholeFileTest {
  private static final byte[] OLD = "old".getBytes(StandardCharsets.UTF_8);
  private static final byte[] NEW = "new".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path folder;

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  private Path old(String name, String mode) throws IOException {
    Path file = Files.write(folder.resolve(name), OLD);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-------", "rw-r-----", "rw-rw-r--", "r--r--r--", "rwxrwxrwx"})
  void write_keepsTheModeOfTheReplacedFile(String mode) throws IOException {
    Path file = old("a", mode);

    WholeFile.write(file, NEW);

    assertThat(mode(file)).isEqualTo(mode);
    assertThat(file).hasBinaryContent(NEW);
    assertThat(files()).containsExactly(file);
  }

  @Test
  void write_newFileHasTheModeOfAnyNewFile() throws IOException {
    Path any = Files.createFile(folder.resolve("any"));
    Path file = folder.resolve("a");

    WholeFile.write(file, NEW);

    assertThat(mode(file)).isEqualTo(mode(any));
  }

  @Test
  void replacing_nobodyElseMayReadWhatIsWrittenForAFileThatExists() throws IOException {
    Path file = old("a", "rw-rw-r--");
    try (WholeFile whole = WholeFile.replacing(file)) {
      whole.channel().write(ByteBuffer.wrap(NEW));

      Path temporary = files().stream().filter(WholeFile::isTemporary).findFirst().orElseThrow();
      assertThat(mode(temporary)).isEqualTo("rw-------");
    }
    assertThat(file).hasBinaryContent(OLD);
    assertThat(files()).containsExactly(file);
  }

  @Test
  void commit_takesTheModeThatTheFileHasByThen() throws IOException {
    Path file = old("a", "rw-rw-r--");
    try (WholeFile whole = WholeFile.replacing(file)) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      whole.commit();
    }
    assertThat(mode(file)).isEqualTo("rw-------");
  }

  @Test
  void commit_fileThatIsGoneMeanwhileWasAsPrivate() throws IOException {
    Path file = old("a", "rw-------");
    try (WholeFile whole = WholeFile.replacing(file)) {
      Files.delete(file);
      whole.commit();
    }
    assertThat(mode(file)).isEqualTo("rw-------");
  }

  @Test
  void write_keepsOwnerAndGroupWherePermitted() throws IOException {
    Path file = old("a", "rw-r-----");
    try {
      Files.setAttribute(file, "unix:uid", 12345);
      Files.setAttribute(file, "unix:gid", 54321);
    } catch (IOException e) {
      Assumptions.abort("only root may give files away: " + e);
    }

    WholeFile.write(file, NEW);

    assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(12345);
    assertThat(Files.getAttribute(file, "unix:gid")).isEqualTo(54321);
    assertThat(mode(file)).isEqualTo("rw-r-----");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-rw-r-- rw-r--r--", "rw-r----- rw-------", "rwxrwxrwx rwxrwxrwx"})
  void withoutGroup_anotherGroupMayWhatAllMay(String modes) {
    String[] both = modes.split(" ", -1);

    assertThat(FileRights.withoutGroup(PosixFilePermissions.fromString(both[0])))
        .isEqualTo(PosixFilePermissions.fromString(both[1]));
  }

  @Test
  void write_linkIsReplacedByAFileWithTheRightsOfTheOneItLeadsTo() throws IOException {
    Path target = old("target", "rw-------");
    Path link = Files.createSymbolicLink(folder.resolve("link"), target);

    WholeFile.write(link, NEW);

    assertThat(Files.isRegularFile(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(mode(link)).isEqualTo("rw-------");
    assertThat(link).hasBinaryContent(NEW);
    assertThat(target).hasBinaryContent(OLD);
  }

  @Test
  void write_linkToNothingIsReplaced() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("missing"));

    WholeFile.write(link, NEW);

    assertThat(Files.isRegularFile(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(files()).containsExactly(link);
  }

  @Test
  @Timeout(60)
  void replacing_refusesWhatIsNoFile() throws IOException, InterruptedException {
    Path pipe = pipe("pipe");
    Path inside = Files.createDirectory(folder.resolve("inside"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), pipe);

    for (Path target : List.of(pipe, inside, link)) {
      assertThatThrownBy(() -> WholeFile.write(target, NEW))
          .isInstanceOf(IOException.class)
          .hasMessage("what is replaced must be a regular file, give another name: file=" + target);
    }
    assertThat(files()).containsExactlyInAnyOrder(pipe, inside, link);
  }

  private Path pipe(String name) throws IOException, InterruptedException {
    Path pipe = folder.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    return pipe;
  }

  /** As another process names its temporary file. */
  private String nameOfAnotherProcess(String target) {
    return TemporaryFile.prefix(folder.resolve(target))
        + UUID.nameUUIDFromBytes(OLD)
        + "-"
        + UUID.nameUUIDFromBytes(NEW)
        + TemporaryFile.SUFFIX;
  }

  @Test
  void isTemporary_onlyWhatHasTheNameOfOurs() {
    assertThat(WholeFile.isTemporary(folder.resolve(nameOfAnotherProcess("a")))).isTrue();
    for (String foreign : List.of("notes.tmp", ".tmp", ".safetensors.tmp", ".spam4j-notes")) {
      assertThat(WholeFile.isTemporary(folder.resolve(foreign))).as(foreign).isFalse();
    }
  }

  @Test
  void replacing_removesWhatAKilledWriterOfTheSameFileLeft() throws IOException {
    Path left = Files.write(folder.resolve(nameOfAnotherProcess("a")), OLD);
    Path others = Files.write(folder.resolve(nameOfAnotherProcess("b")), OLD);

    WholeFile.write(folder.resolve("a"), NEW);

    assertThat(files()).contains(others).doesNotContain(left).hasSize(2);
  }

  @Test
  void prefix_filesWhoseNamesHaveTheSameHash_haveTheirOwn() {
    assertThat("Aa".hashCode()).isEqualTo("BB".hashCode());

    assertThat(TemporaryFile.prefix(Path.of("Aa")))
        .isNotEqualTo(TemporaryFile.prefix(Path.of("BB")))
        .hasSize(TemporaryFile.prefix(Path.of("x".repeat(255))).length());
  }

  @Test
  @Timeout(60)
  void replacing_leavesPipesFoldersAndLinksThatHaveTheNameOfATemporaryFile()
      throws IOException, InterruptedException {
    String name = nameOfAnotherProcess("a");
    Path pipe = pipe(name);
    Path inside = Files.createDirectory(folder.resolve(name.replace("-", "--")));
    Path link = folder.resolve(name.replace(".tmp", "-.tmp"));
    Files.createSymbolicLink(link, pipe);

    WholeFile.write(folder.resolve("a"), NEW);

    assertThat(files()).containsExactlyInAnyOrder(pipe, inside, link, folder.resolve("a"));
  }

  @Test
  void replacing_leavesTheFilesOfWritersAtWorkInThisProcess() throws IOException {
    Path file = folder.resolve("a");
    try (WholeFile first = WholeFile.replacing(file);
        WholeFile second = WholeFile.replacing(file)) {
      assertThat(files()).hasSize(2);
      second.commit();
      first.commit();
    }
    assertThat(files()).containsExactly(file);
  }

  @Test
  void close_afterAFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = old("a", "rw-------");
    try (WholeFile whole = WholeFile.replacing(file)) {
      whole.channel().close();
      assertThatThrownBy(whole::commit).isInstanceOf(IOException.class);
    }
    assertThat(file).hasBinaryContent(OLD);
    assertThat(files()).containsExactly(file);
  }

  @Test
  void write_folderWhoseFilesCannotBeListed() throws IOException {
    Path file = old("a", "rw-------");
    PosixFileAttributes before = Files.readAttributes(folder, PosixFileAttributes.class);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("-wx------"));
    try {
      WholeFile.write(file, NEW);
    } finally {
      Files.setPosixFilePermissions(folder, before.permissions());
    }
    assertThat(file).hasBinaryContent(NEW);
  }
}
