package io.spam4j.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The {@code ./spam4j} script, with a JDK and a Maven that only tell how they are called. */
@EnabledOnOs(
    value = {OS.LINUX, OS.MAC},
    disabledReason = "the launcher is a POSIX script")
class LauncherTest {
  private static final String BUILDING =
      "spam4j: building spam4j (first time takes a few minutes: libtorch is 110 MB)\n";

  private static final String BUILDING_AGAIN =
      "spam4j: building again: sources changed, or what was built is gone\n";

  private static final String WAITING =
      "spam4j: waiting for another build (if none runs, delete the lock): ";

  private static final String FLAGS =
      "java --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
          + " -XX:PerMethodTrapLimit=100000"
          + " -Dorg.bytedeco.javacpp.maxPhysicalBytes=0";

  /** What a Maven that works leaves behind. */
  private static final String WORKING_MAVEN =
      """
      echo "mvn $*" >>maven-calls
      for module in examples jmh; do
        mkdir -p $module/target/quick
        touch $module/target/quick/spam4j-$module-1.jar
        echo "$PWD/pom.xml" >$module/target/quick/class-path.txt
      done
      """;

  @TempDir private Path folder = Path.of("");

  private Path root = Path.of("");
  private Path jdk = Path.of("");
  private Path tools = Path.of("");
  private Path elsewhere = Path.of("");

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void layOut() throws IOException {
    folder = folder.toRealPath();
    root = Files.createDirectories(folder.resolve("a checkout"));
    jdk = folder.resolve("jdk");
    tools = folder.resolve("tools");
    elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Files.copy(Path.of("..", "spam4j"), root.resolve("spam4j"));
    Files.createDirectories(root.resolve("examples/src/main"));
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    program(jdk.resolve("bin/java"), "echo \"java $*\"; pwd");
    program(jdk.resolve("bin/javac"), "exit 1");
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
    program(tools.resolve("mvn"), WORKING_MAVEN);
  }

  @Test
  void launcher_runsInTheFolderOfTheCaller() throws Exception {
    Outcome outcome = run(root.resolve("spam4j"), "demo", "--data", "my file");

    Path target = root.resolve("examples/target/quick");
    assertThat(outcome)
        .isEqualTo(
            new Outcome(
                0,
                "%s -cp %s:%s io.spam4j.examples.cli.Main demo --data my file%n%s%n"
                    .formatted(
                        FLAGS,
                        target.resolve("spam4j-examples-1.jar"),
                        root.resolve("pom.xml"),
                        elsewhere),
                BUILDING));
    assertThat(calls())
        .containsExactly("mvn -B -ntp -Dstyle.color=never -Dspam4j.quick -pl examples -am package");
  }

  @Test
  void launcher_followsSymbolicLinks() throws Exception {
    Files.createSymbolicLink(folder.resolve("direct"), Path.of("a checkout/spam4j"));
    Path link = Files.createSymbolicLink(elsewhere.resolve("link"), Path.of("../direct"));

    assertThat(run(link, "doctor").code()).isZero();

    assertThat(calls()).hasSize(1);
  }

  @Test
  void launcher_buildsOnceWhileNothingChanges() throws Exception {
    run(root.resolve("spam4j"));

    assertThat(run(root.resolve("spam4j")).err()).isEmpty();
    assertThat(calls()).hasSize(1);
  }

  @Test
  void launcher_buildsAgainAfterAChange() throws Exception {
    run(root.resolve("spam4j"));
    Path source = Files.writeString(root.resolve("examples/src/main/New.java"), "class New {}");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));

    assertThat(run(root.resolve("spam4j")).err()).isEqualTo(BUILDING_AGAIN);
    assertThat(calls()).hasSize(2);
  }

  @Test
  void launcher_buildsAgainInAMovedCheckout() throws Exception {
    run(root.resolve("spam4j"));
    Path moved = Files.move(root, folder.resolve("moved"));

    assertThat(run(moved.resolve("spam4j")).err()).isEqualTo(BUILDING_AGAIN);
  }

  @Test
  void launcher_hasTheJvmUseTheArchiveThatItMadeAfterTheBuild() throws Exception {
    program(
        jdk.resolve("bin/java"),
        """
        echo "java $*"
        for argument; do
          case $argument in
            -XX:ArchiveClassesAtExit=*) touch "${argument#*=}" ;;
          esac
        done
        """);

    Outcome outcome = run(root.resolve("spam4j"), "doctor");

    Path archive = root.resolve("examples/target/quick/spam4j.jsa");
    assertThat(outcome.code()).isZero();
    assertThat(outcome.out())
        .startsWith(
            FLAGS
                + " -XX:SharedArchiveFile="
                + archive
                + " -Xlog:cds=off -Xlog:aot=off -cp "
                + archive.resolveSibling("spam4j-examples-1.jar"));
  }

  /** Whoever ran the tests has classes in {@code target}, made with checks; they are not these. */
  @Test
  void launcher_doesNotRunWhatAnotherBuildLeft() throws Exception {
    Path target = Files.createDirectories(root.resolve("examples/target"));
    Files.writeString(target.resolve("spam4j-examples-1.jar"), "");
    Files.writeString(target.resolve("class-path.txt"), root.resolve("pom.xml") + "\n");
    Files.writeString(target.resolve("spam4j.stamp"), root + "\n");

    Outcome outcome = run(root.resolve("spam4j"));

    assertThat(outcome.err()).isEqualTo(BUILDING);
    assertThat(outcome.out()).contains(target.resolve("quick/spam4j-examples-1.jar") + ":");
  }

  /** Two builds at once wrote the same jars and ended each other. */
  @Test
  @Timeout(120)
  void launcher_twoFirstStartsAtOnceBuildOnce() throws Exception {
    program(
        tools.resolve("mvn"),
        "mkdir building || exit 1\nwhile [ ! -e go ]; do sleep 0.1; done\n"
            + WORKING_MAVEN
            + "rmdir building");
    Process first = start(root.resolve("spam4j"), "first");
    Path lock = root.resolve("target/spam4j-build.lock/pid");
    try {
      awaitText(lock, "\n", first);
      Process second = start(root.resolve("spam4j"), "second");
      awaitText(folder.resolve("seconderr"), WAITING, second);
      Files.createFile(root.resolve("go"));

      assertThat(first.waitFor()).isZero();
      assertThat(second.waitFor()).isZero();
    } finally {
      Files.writeString(root.resolve("go"), ""); // for the Maven of a test that failed
    }
    assertThat(folder.resolve("seconderr"))
        .hasContent(
            WAITING
                + "lock=%s, process=%d\n"
                    .formatted(root.resolve("target/spam4j-build.lock"), first.pid()));
    assertThat(calls()).hasSize(1);
    assertThat(root.resolve("target/spam4j-build.lock")).doesNotExist();
  }

  /** Waits until a process has written a text to a file. */
  private static void awaitText(Path file, String text, Process writer) throws Exception {
    while (!Files.exists(file) || !Files.readString(file).contains(text)) {
      assertThat(writer.isAlive()).as("writes %s: %s", file, text).isTrue();
      Thread.sleep(10);
    }
  }

  /** A process that may not be signalled was taken for one that has ended. */
  @Test
  @Timeout(120)
  void launcher_lockOfAnotherUsersBuildIsWaitedFor() throws Exception {
    Path lock = Files.createDirectories(root.resolve("target/spam4j-build.lock"));
    Files.writeString(lock.resolve("pid"), "1\n");
    Path script =
        Files.writeString(
            root.resolve("of another user"),
            """
            kill() { echo 'kill: Operation not permitted' >&2; return 1; }
            . "${0%/*}/spam4j"
            """);
    Process waiting = start(script, "");
    awaitText(folder.resolve("err"), WAITING, waiting);
    assertThat(lock.resolve("pid")).hasContent("1\n");
    Files.delete(lock.resolve("pid"));
    Files.delete(lock);

    assertThat(waiting.waitFor()).isZero();
    assertThat(calls()).hasSize(1);
  }

  @Test
  void launcher_lockOfAKilledBuildIsTakenOver() throws Exception {
    Process ended = new ProcessBuilder("/bin/sh", "-c", "exit 0").start();
    ended.waitFor();
    Path lock = Files.createDirectories(root.resolve("target/spam4j-build.lock"));
    Files.writeString(lock.resolve("pid"), ended.pid() + "\n");

    assertThat(run(root.resolve("spam4j")).err()).isEqualTo(BUILDING);

    assertThat(calls()).hasSize(1);
    assertThat(lock).doesNotExist();
  }

  @Test
  void launcher_withoutMavenSaysWhatToInstall() throws Exception {
    Files.delete(tools.resolve("mvn"));

    assertThat(run(root.resolve("spam4j")))
        .isEqualTo(
            new Outcome(
                4,
                "",
                """
                spam4j: no Maven found, and something must be built
                  install Maven 3.8 or later and put mvn on the PATH (Debian: apt-get install maven,
                  macOS: brew install maven, elsewhere: https://maven.apache.org/download.cgi)
                """));
  }

  @Test
  void launcher_withoutMavenRunsWhatIsBuilt() throws Exception {
    run(root.resolve("spam4j"));
    Files.delete(tools.resolve("mvn"));

    assertThat(run(root.resolve("spam4j")).code()).isZero();
  }

  @Test
  void launcher_showsWhyABuildFailed() throws Exception {
    program(tools.resolve("mvn"), "echo '[INFO] so far'; echo '[ERROR] no such thing'; exit 1");

    assertThat(run(root.resolve("spam4j")))
        .isEqualTo(
            new Outcome(
                5,
                "",
                BUILDING
                    + "[ERROR] no such thing\nspam4j: the build failed: log="
                    + root.resolve("examples/target/quick/spam4j-build.log")
                    + "\n"));
  }

  @Test
  void jdk_ofAnotherVersionIsPassedOver() throws Exception {
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");

    Outcome outcome = run(root.resolve("spam4j"), "jdk");

    // What else there is depends on the machine: another JDK 25, or none.
    assertThat(outcome.code()).isIn(0, 3);
    assertThat(outcome.out()).isNotEqualTo(jdk + "\n");
  }

  @Test
  void test_passesArgumentsToMaven() throws Exception {
    assertThat(run(root.resolve("spam4j"), "test", "-pl", "engine").code()).isZero();

    assertThat(calls()).containsExactly("mvn -B -ntp verify -pl engine");
  }

  @Test
  void test_failsWithMaven() throws Exception {
    program(tools.resolve("mvn"), "exit 1");

    assertThat(run(root.resolve("spam4j"), "test").code()).isEqualTo(1);
  }

  @Test
  void jmh_runsTheBenchmarks() throws Exception {
    Outcome outcome = run(root.resolve("spam4j"), "jmh", "-l");

    assertThat(outcome.code()).isZero();
    assertThat(outcome.out()).contains(" io.spam4j.jmh.Main -l\n");
    assertThat(calls())
        .containsExactly("mvn -B -ntp -Dstyle.color=never -Dspam4j.quick -pl jmh -am package");
  }

  private List<String> calls() throws IOException {
    return Files.readAllLines(root.resolve("maven-calls"));
  }

  private Outcome run(Path script, String... arguments) throws IOException, InterruptedException {
    int code = start(script, "", arguments).waitFor();
    return new Outcome(
        code, Files.readString(folder.resolve("out")), Files.readString(folder.resolve("err")));
  }

  private Process start(Path script, String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString()));
    command.addAll(List.of(arguments));
    Path out = folder.resolve(name + "out");
    Path err = folder.resolve(name + "err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(elsewhere.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("JAVA_HOME", jdk.toString());
    environment.put("HOME", folder.toString());
    environment.put("PATH", tools + ":" + coreTools());
    return builder.start();
  }

  /** A folder with the programs that the script and the Maven above use, and no Maven. */
  private Path coreTools() throws IOException {
    Path core = folder.resolve("core");
    if (Files.isDirectory(core)) {
      return core;
    }
    Files.createDirectory(core);
    for (String name :
        List.of(
            "sh",
            "basename",
            "cat",
            "dirname",
            "find",
            "grep",
            "head",
            "ls",
            "mkdir",
            "mv",
            "readlink",
            "rm",
            "rmdir",
            "sleep",
            "touch")) {
      for (String bin : List.of("/bin/", "/usr/bin/")) {
        if (Files.isExecutable(Path.of(bin + name))) {
          Files.createSymbolicLink(core.resolve(name), Path.of(bin + name));
          break;
        }
      }
    }
    return core;
  }

  private static void program(Path path, String body) throws IOException {
    Files.createDirectories(path.resolveSibling("."));
    Files.writeString(path, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
