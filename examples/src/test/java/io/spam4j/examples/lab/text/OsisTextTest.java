package io.spam4j.examples.lab.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.examples.lab.text.OsisText.Chapter;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class OsisTextTest {
  private static String text(String markup) throws IOException {
    return OsisText.chapters(markup).getFirst().text();
  }

  @Test
  void chapters_areCutWhereTheyBegin_theTitleGoesWithTheFirst() throws IOException {
    assertThat(
            OsisText.chapters(
                "<title>Genesis</title> <chapter n=\"1\" osisID=\"Gen.1\" sID=\"Gen.1\"/>In the"
                    + " <w lemma=\"H1\">beginning</w><chapter eID=\"Gen.1\"/> <chapter n=\"2\""
                    + " osisID=\"Gen.2\" sID=\"Gen.2\"/>Thus"))
        .containsExactly(
            new Chapter("Gen-001", "Genesis\n\nIn the beginning\n"),
            new Chapter("Gen-002", "Thus\n"));
  }

  @Test
  void chapters_ofAPreface_haveNoName_andWithoutTextThereAreNone() throws IOException {
    assertThat(OsisText.chapters("<div type=\"front\"/>To you"))
        .containsExactly(new Chapter("", "To you\n"));
    assertThat(OsisText.chapters("<div osisID=\"Gen\"/> <chapter sID=\"Gen.1\"/> ")).isEmpty();
    assertThat(OsisText.chapters("")).isEmpty();
  }

  @Test
  void chapters_namedByAPath_areRefused() {
    assertThatThrownBy(() -> OsisText.chapters("<chapter sID=\"../../x.1\"/>text"))
        .isInstanceOf(IOException.class)
        .hasMessage("a chapter must be named by a book and a number: chapter=sID=\"../../x.1\"/");
  }

  @Test
  void text_hasLinesAndParagraphs_andNoMarkersOfVerses() throws IOException {
    assertThat(
            text(
                "<div sID=\"g1\" type=\"x-p\"/>One <div type=\"x-milestone\""
                    + " sID=\"v\"/>two.<div eID=\"g1\" type=\"x-p\"/> <lg sID=\"a\"/><l"
                    + " sID=\"b\"/>A line<l eID=\"b\"/><l sID=\"c\"/>and one<l eID=\"c\"/><lg"
                    + " eID=\"a\"/>The end"))
        .isEqualTo("One two.\n\nA line\nand one\n\nThe end\n");
  }

  @Test
  void text_hasNoFootnotes_andTheWordsAroundThemStayApart() throws IOException {
    assertThat(
            text(
                "Christ,<note placement=\"foot\"><reference>1:1 </reference>Messiah</note><w>the</w>"
                    + " son<note>a</note>."))
        .isEqualTo("Christ, the son.\n");
  }

  @Test
  void text_hasPlainBlanks_noControlCharacters_andNoEntities() throws IOException {
    assertThat(text(" a\u00a0\u202f b\u0000\u0084\t\r\nc &amp;c. &lt;d&gt; &amp;lt; "))
        .isEqualTo("a b c &c. <d> &lt;\n");
  }

  @Test
  void text_ofATable_hasARowALine() throws IOException {
    assertThat(
            text(
                "<table><row><cell>a</cell><cell>b</cell></row><row><cell>c</cell></row></table>d"))
        .isEqualTo("a b\nc\n\nd\n");
  }
}
