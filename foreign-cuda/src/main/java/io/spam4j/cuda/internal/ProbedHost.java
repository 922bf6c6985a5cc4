package io.spam4j.cuda.internal;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where a probe looks, so that tests can have hosts of their own.
 *
 * @param property reads a system property
 * @param variable reads an environment variable
 * @param sonames what the dynamic linker is asked for, and what folders are searched for, best
 *     first
 * @param toolkit the folder in which a toolkit is installed by default
 */
public record ProbedHost(
    Function<String, @Nullable String> property,
    Function<String, @Nullable String> variable,
    List<String> sonames,
    String toolkit) {
  private static final List<String> SONAMES =
      List.of("libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0");

  public static ProbedHost ofThisProcess() {
    return new ProbedHost(System::getProperty, System::getenv, SONAMES, "/usr/local/cuda/lib64");
  }
}
