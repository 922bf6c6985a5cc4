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

  /** The gradient at step t, from 1, of the golden vectors of spam-spec 6. */
  static double[] gradient(int t) {
    double[] g = new double[4];
    for (int i = 0; i < 4; i++) {
      g[i] = Math.floorMod(t * 7919L + i * 104729L, 2003) - 1001;
      g[i] = g[i] / 1000 * Math.pow(10, -(i % 3));
    }
    if (t == 25 || t == 47 || t == 75 || t == 130 || t == 131) {
      g[1] *= 1e4;
    }
    if (t == 33 || t == 90) {
      g[2] = 0;
    }
    return g;
  }
}
