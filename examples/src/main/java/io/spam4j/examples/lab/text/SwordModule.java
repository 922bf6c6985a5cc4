package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A compressed module of the SWORD project. A testament, {@code ot} or {@code nt}, is blocks of a
 * book or a chapter each, in OSIS markup, every one a zlib stream in {@code .bzz} or {@code .czz};
 * {@code .bzs} or {@code .czs} has 12 bytes a block: where it begins, its bytes there, and its
 * bytes inflated, little endian. (The third file, of verses, is not needed.)
 */
final class SwordModule {
  private static final Pattern FILES =
      Pattern.compile("usr/share/sword/modules/.*/(ot|nt)\\.[bc]z[sz]");
  private static final int ENTRY_BYTES = 12;
  private static final int MAX_BLOCK_BYTES = 64 << 20;

  private SwordModule() {}

  /**
   * Writes every chapter of the module in a package; what has no chapter, such as a preface, too.
   */
  static void readDocuments(Path archive, DocumentFolder documents) throws IOException {
    SortedMap<String, byte[]> files = Archives.deb(archive, FILES);
    if (files.isEmpty()) {
      throw new IOException("a package must have a SWORD module: file=" + archive.getFileName());
    }
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String name = file.getKey();
      if (!name.endsWith("s")) {
        continue;
      }
      String stem = name.substring(0, name.length() - 1);
      byte[] data =
          Objects.requireNonNullElse(files.get(stem + "z"), new byte[0]); // then no block fits
      String testament = name.substring(name.lastIndexOf('/') + 1, name.lastIndexOf('.'));
      int number = 0;
      for (String markup : blocks(file.getValue(), data)) {
        String block = String.format(Locale.ROOT, "%s-%03d", testament, number++);
        for (OsisText.Chapter chapter : OsisText.chapters(markup)) {
          documents.write(
              chapter.name().isEmpty() ? block : block + "-" + chapter.name(), chapter.text());
        }
      }
    }
  }

  /** The blocks of a testament, inflated. */
  static List<String> blocks(byte[] index, byte[] data) throws IOException {
    List<String> blocks = new ArrayList<>();
    ByteBuffer entries = ByteBuffer.wrap(index).order(ByteOrder.LITTLE_ENDIAN);
    while (entries.remaining() >= ENTRY_BYTES) {
      int from = entries.getInt();
      int size = entries.getInt();
      int plain = entries.getInt();
      if (from < 0 || size < 0 || from > data.length - size) {
        throw new IOException(
            "a block must be inside its file: block=%d, from=%d, size=%d, file=%d"
                .formatted(blocks.size(), from, size, data.length));
      }
      if (plain < 0 || plain > MAX_BLOCK_BYTES) {
        throw new IOException(
            "a block must have at most %d bytes: block=%d, bytes=%d"
                .formatted(MAX_BLOCK_BYTES, blocks.size(), plain));
      }
      blocks.add(inflate(data, from, size, plain, blocks.size()));
    }
    return blocks;
  }

  private static String inflate(byte[] data, int from, int size, int plain, int block)
      throws IOException {
    byte[] bytes = new byte[plain];
    try (var inflater = new Inflater()) {
      inflater.setInput(data, from, size);
      int inflated = inflater.inflate(bytes);
      if (inflated != plain) {
        throw new IOException(
            "a block must inflate to the size in the index: block=%d, inflated=%d, index=%d"
                .formatted(block, inflated, plain));
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (DataFormatException e) {
      throw new IOException("a block must be a zlib stream: block=" + block, e);
    } catch (CharacterCodingException e) {
      throw new IOException("a block must be UTF-8: block=" + block, e);
    }
  }
}
