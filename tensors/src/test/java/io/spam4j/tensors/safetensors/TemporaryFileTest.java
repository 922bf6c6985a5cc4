package io.spam4j.tensors.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TemporaryFileTest {
  @TempDir private Path folder;

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  private TemporaryFile open(String target) throws IOException {
    return new TemporaryFile(folder.resolve(target), folder);
  }

  @Test
  void open_removesWhatAKilledWriterOfTheSameTargetLeft() throws IOException {
    Path left;
    try (var killed = open("a")) {
      left = files().getFirst();
      killed.replace(); // its channel is closed, and its lock gone, as after a kill
    }
    Files.move(folder.resolve("a"), left);
    try (var other = open("b")) {
      assertThat(other.channel().isOpen()).isTrue();
      assertThat(files()).contains(left).hasSize(2);
    }
    try (var next = open("a")) {
      assertThat(next.channel().isOpen()).isTrue();
      assertThat(files()).doesNotContain(left).hasSize(1);
    }
    assertThat(files()).isEmpty();
  }

  @Test
  void open_leavesTheFileOfAnotherWriterAtWork() throws IOException {
    try (var first = open("a");
        var second = open("a")) {
      assertThat(files()).hasSize(2);
      second.replace();
      first.replace();
    }
    assertThat(files()).containsExactly(folder.resolve("a"));
  }
}
