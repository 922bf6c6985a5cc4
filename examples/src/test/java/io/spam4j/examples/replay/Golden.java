package io.spam4j.examples.replay;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** The recorded traces that the tests keep; see golden/README.md beside them. */
final class Golden {
  private Golden() {}

  static Path file(String name) {
    URL url =
        Objects.requireNonNull(Golden.class.getResource("/golden/" + name + ".safetensors"), name);
    try {
      return Path.of(new URI(url.toString()));
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
