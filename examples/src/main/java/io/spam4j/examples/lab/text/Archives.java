package io.spam4j.examples.lab.text;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** Files out of packages, in memory; nothing is written where an archive says. */
final class Archives {
  private static final String DATA = "data.tar.xz";

  private Archives() {}

  /**
   * The files of a Debian package, an ar that holds a {@code data.tar.xz}, whose names match.
   *
   * @throws IOException if it is none, or a name in it leads out of the package
   */
  static SortedMap<String, byte[]> deb(Path file, Pattern wanted) throws IOException {
    try (var in = new BufferedInputStream(Files.newInputStream(file));
        var ar = new ArArchiveInputStream(in)) {
      for (ArArchiveEntry part = ar.getNextEntry(); part != null; part = ar.getNextEntry()) {
        if (part.getName().equals(DATA)) {
          return tar(new XZInputStream(ar), wanted);
        }
      }
    }
    throw new IOException("a Debian package must have a " + DATA + ": file=" + file.getFileName());
  }

  /** The files of a {@code .tgz} whose names match; as {@link #deb}. */
  static SortedMap<String, byte[]> tgz(Path file, Pattern wanted) throws IOException {
    try (var in = new GZIPInputStream(Files.newInputStream(file))) {
      return tar(in, wanted);
    }
  }

  private static SortedMap<String, byte[]> tar(InputStream in, Pattern wanted) throws IOException {
    SortedMap<String, byte[]> files = new TreeMap<>();
    try (var tar = new TarArchiveInputStream(new BufferedInputStream(in))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        String name = e.getName().startsWith("./") ? e.getName().substring(2) : e.getName();
        requireInside(name);
        if (e.isFile() && wanted.matcher(name).matches()) {
          files.put(name, tar.readAllBytes());
        }
      }
    }
    return files;
  }

  private static void requireInside(String name) throws IOException {
    if (name.startsWith("/")
        || name.indexOf('\\') >= 0
        || name.indexOf(':') == 1
        || ("/" + name + "/").contains("/../")) {
      throw new IOException("a name in an archive must not lead out of it: name=" + name);
    }
  }
}
