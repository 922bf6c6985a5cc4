package io.spam4j.javacpp.pytorch;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Loads libtorch as programs do, before any test does. */
@SuppressWarnings("exports") // a service must be public
public final class LibrariesFirst implements BeforeAllCallback {
  /** For the service loader. */
  public LibrariesFirst() {}

  @Override
  public void beforeAll(ExtensionContext context) {
    TorchLibraries.load();
  }
}
