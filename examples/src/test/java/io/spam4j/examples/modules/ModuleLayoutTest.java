package io.spam4j.examples.modules;

import static org.assertj.core.api.Assertions.assertThat;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.engine.Optimizer;
import io.spam4j.javacpp.pytorch.TorchParameters;
import io.spam4j.tensors.Tensor;
import it.unimi.dsi.fastutil.longs.LongIterator;
import java.io.File;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The libraries are modules whose arrows point one way, and they run as modules. */
final class ModuleLayoutTest {
  @Test
  void arrows_pointFromAdaptersToEngineToTensors() {
    assertThat(required(Tensor.class)).isEmpty();
    assertThat(required(Optimizer.class)).containsExactly("io.spam4j.tensors");
    assertThat(required(CudaDevice.class)).containsExactly("io.spam4j.engine");
    assertThat(required(TorchParameters.class)).containsExactly("io.spam4j.engine");
  }

  @Test
  void kernels_areNotExported() {
    Set<String> exported =
        descriptor(Optimizer.class).exports().stream()
            .map(ModuleDescriptor.Exports::source)
            .collect(Collectors.toSet());
    assertThat(exported)
        .containsExactlyInAnyOrder(
            "io.spam4j.engine",
            "io.spam4j.engine.analysis",
            "io.spam4j.engine.checkpoint",
            "io.spam4j.engine.decision",
            "io.spam4j.engine.device",
            "io.spam4j.engine.optimizers",
            "io.spam4j.engine.options",
            "io.spam4j.engine.roofline");
  }

  @Test
  void libraries_needTheJdkAndFastutilAtRunTime() {
    assertThat(foreign(Tensor.class)).containsExactly("it.unimi.dsi.fastutil.core");
    assertThat(foreign(Optimizer.class)).isEmpty();
    assertThat(foreign(CudaDevice.class)).isEmpty();
  }

  @Test
  void step_runsAsModules_scalarWithoutTheVectorModuleAndByVectorsWithIt()
      throws IOException, InterruptedException {
    String modules = "io.spam4j.tensors io.spam4j.engine io.spam4j.cuda";
    assertThat(run("--add-modules=io.spam4j.engine,io.spam4j.cuda"))
        .contains(modules + ", vectors false, moved true")
        .contains("start Java with --add-modules=jdk.incubator.vector");
    assertThat(run("--add-modules=io.spam4j.engine,io.spam4j.cuda,jdk.incubator.vector"))
        .contains(modules + ", vectors true, moved true")
        .doesNotContain("start Java with");
  }

  private static String run(String... options) throws IOException, InterruptedException {
    String modulePath =
        Stream.of(LongIterator.class, Tensor.class, Optimizer.class, CudaDevice.class)
            .map(type -> location(type).toString())
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-p", modulePath, "-cp", location(ModuleProbe.class).toString()));
    command.add(ModuleProbe.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static Set<String> required(Class<?> type) {
    return descriptor(type).requires().stream()
        .map(ModuleDescriptor.Requires::name)
        .filter(name -> name.startsWith("io.spam4j."))
        .collect(Collectors.toSet());
  }

  /** The modules it needs at run time that are neither the JDK's nor ours. */
  private static Set<String> foreign(Class<?> type) {
    return descriptor(type).requires().stream()
        .filter(
            required -> !required.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
        .map(ModuleDescriptor.Requires::name)
        .filter(name -> !name.matches("(java|jdk|io\\.spam4j)\\..*"))
        .collect(Collectors.toSet());
  }

  private static ModuleDescriptor descriptor(Class<?> type) {
    return ModuleFinder.of(location(type)).findAll().iterator().next().descriptor();
  }

  static Path location(Class<?> type) {
    return Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()));
  }
}
