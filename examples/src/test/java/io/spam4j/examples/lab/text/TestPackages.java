package io.spam4j.examples.lab.text;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Small packages like those that the text comes in. */
final class TestPackages {
  static final String MODULE = "usr/share/sword/modules/texts/ztext/small/";

  private TestPackages() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A Debian package of files named {@code ./NAME}, as those of dpkg are. */
  static byte[] deb(Map<String, byte[]> files) throws IOException {
    Map<String, byte[]> dotted = new LinkedHashMap<>();
    files.forEach((name, file) -> dotted.put("./" + name, file));
    var xz = new ByteArrayOutputStream();
    try (var out = new XZOutputStream(xz, new LZMA2Options(0))) {
      out.write(tar(dotted));
    }
    var deb = new ByteArrayOutputStream();
    try (var ar = new ArArchiveOutputStream(deb)) {
      put(ar, "debian-binary", bytes("2.0\n"));
      put(ar, "control.tar.xz", bytes("not looked at"));
      put(ar, "data.tar.xz", xz.toByteArray());
    }
    return deb.toByteArray();
  }

  private static void put(ArArchiveOutputStream ar, String name, byte[] file) throws IOException {
    ar.putArchiveEntry(new ArArchiveEntry(name, file.length));
    ar.write(file);
    ar.closeArchiveEntry();
  }

  static byte[] tgz(Map<String, byte[]> files) throws IOException {
    var tgz = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(tgz)) {
      out.write(tar(files));
    }
    return tgz.toByteArray();
  }

  private static byte[] tar(Map<String, byte[]> files) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var tar = new TarArchiveOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        var entry = new TarArchiveEntry(file.getKey(), /* preserveAbsolutePath= */ true);
        entry.setSize(file.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(file.getValue());
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  /** The two files of a testament that are needed. */
  static Map<String, byte[]> sword(String testament, List<String> blocks) {
    var data = new ByteArrayOutputStream();
    ByteBuffer index = ByteBuffer.allocate(12 * blocks.size()).order(ByteOrder.LITTLE_ENDIAN);
    for (String block : blocks) {
      byte[] deflated = deflate(bytes(block));
      index.putInt(data.size()).putInt(deflated.length).putInt(bytes(block).length);
      data.writeBytes(deflated);
    }
    return Map.of(
        MODULE + testament + ".bzs",
        index.array(),
        MODULE + testament + ".bzz",
        data.toByteArray());
  }

  static byte[] deflate(byte[] plain) {
    byte[] buffer = new byte[plain.length + 64];
    try (var deflater = new Deflater()) {
      deflater.setInput(plain);
      deflater.finish();
      return Arrays.copyOf(buffer, deflater.deflate(buffer));
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
