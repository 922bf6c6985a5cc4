package io.spam4j.examples.shell;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IVersionProvider;

/** The versions of spam4j and of Java, as {@code --version} prints them. */
public final class Version implements IVersionProvider {
  /** That of spam4j, from the manifest of its jar. */
  public static String ofSpam4j() {
    @Nullable String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "(not from a jar)" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"spam4j " + ofSpam4j(), "Java " + Runtime.version()};
  }
}
