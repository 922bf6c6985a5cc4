package io.spam4j.examples.simulate;

import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.Optional;

/** Whether Java can draw text here: on servers fonts are often missing. */
final class Fonts {
  private Fonts() {}

  /** Why text cannot be drawn, and what to do; empty if it can. */
  static Optional<String> obstacle() {
    System.setProperty("java.awt.headless", "true"); // drawing needs no screen
    Graphics2D graphics = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB).createGraphics();
    try {
      int _ = graphics.getFontMetrics(new Font(Font.SANS_SERIF, Font.PLAIN, 12)).getHeight();
      return Optional.empty();
    } catch (RuntimeException | LinkageError | InternalError e) {
      return Optional.of(
          "fonts must be installed to draw text (Debian: apt-get install fontconfig"
              + " fonts-dejavu-core): "
              + e.getMessage());
    } finally {
      graphics.dispose();
    }
  }
}
