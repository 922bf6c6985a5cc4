package io.spam4j.javacpp.pytorch;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.presets.torch;

/**
 * The native libraries of libtorch that JavaCPP brings.
 *
 * <p>JavaCPP unpacks them at the first use on a machine, each right before it is loaded, and {@code
 * libtorch.so} before {@code libtorch_cpu.so}, which it needs. Where another libtorch is installed
 * in a folder of the system, such as Debian's {@code python3-torch}, the linker takes that one's,
 * and the JVM ends.
 */
public final class TorchLibraries {
  private TorchLibraries() {}

  /**
   * Unpacks all of them and loads them. To be called before any other class of libtorch is used;
   * later it does nothing.
   *
   * @throws UnsatisfiedLinkError if there are none for this platform, or they do not load
   * @throws UncheckedIOException if they cannot be unpacked
   */
  public static void load() {
    try {
      Loader.cacheResources(torch.class, "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/");
    } catch (IOException e) {
      throw new UncheckedIOException(
          "libtorch must be unpacked, to a folder with room for it:"
              + " org.bytedeco.javacpp.cachedir="
              + System.getProperty("org.bytedeco.javacpp.cachedir", "~/.javacpp/cache"),
          e);
    }
    Loader.load(org.bytedeco.pytorch.global.torch.class);
  }
}
