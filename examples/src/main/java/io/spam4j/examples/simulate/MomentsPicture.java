package io.spam4j.examples.simulate;

import io.spam4j.examples.output.Curve;
import io.spam4j.tensors.internal.files.WholeFile;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Stroke;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.AxisSpace;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.DeviationRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.Layer;
import org.jfree.chart.ui.RectangleAnchor;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.XYSeries;
import org.jfree.data.xy.XYSeriesCollection;
import org.jfree.data.xy.YIntervalSeries;
import org.jfree.data.xy.YIntervalSeriesCollection;

/** Both moments over time, side by side, as a picture; colours and dashes are the page's. */
final class MomentsPicture {
  /** Of the picture, in pixels. */
  static final int WIDTH = 2000;

  static final int HEIGHT = 960;

  /** Everything is drawn at twice its size, for screens of many pixels. */
  private static final int SCALE = 2;

  // In the units that are drawn in.
  private static final int MARGIN = 24;
  private static final int TOP = 98;
  private static final int BOTTOM = 48;
  private static final int AXIS = 58;
  private static final int INSET = 14;
  private static final int SAMPLE = 34;
  private static final int GAP = 28;

  private static final Color TEXT = new Color(0x1b1f27);
  private static final Color SOFT = new Color(0x59616f);
  private static final Color GRID = new Color(0xe3e6ec);

  private static final Color[] COLOURS = {
    new Color(0x5b6472), new Color(0xb4560a), new Color(0x1f5fbf), new Color(0x8b3fa8),
    new Color(0x0b7a5c), new Color(0xb8336a), new Color(0x0e7490), new Color(0x7a6400)
  };

  private static final float[][] DASHES = {
    {}, {7, 4}, {}, {2, 3}, {10, 4, 2, 4}, {4, 2}, {}, {7, 4}
  };

  private final SimulationResult result;
  private final BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
  private final Graphics2D graphics = image.createGraphics();

  private MomentsPicture(SimulationResult result) {
    this.result = result;
  }

  /**
   * Writes a PNG.
   *
   * @throws IOException if it cannot be written
   */
  static void write(SimulationResult result, Path file) throws IOException {
    var bytes = new ByteArrayOutputStream();
    ImageIO.write(new MomentsPicture(result).draw(), "png", bytes);
    WholeFile.write(file, bytes.toByteArray());
  }

  private BufferedImage draw() {
    int width = WIDTH / SCALE;
    int height = HEIGHT / SCALE;
    graphics.scale(SCALE, SCALE);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);

    write(SimulationPage.HEADLINE, font(Font.BOLD, 19), TEXT, MARGIN, 36);
    SimulationSettings settings = result.settings();
    String caption =
        "%s; %s; band: 1 sd of a run; Stable-SPAM: g normalised"
            .formatted(settings.gradients(), settings.conditions());
    write(caption.replace("beta", "β"), font(Font.PLAIN, 12), SOFT, MARGIN, 60);

    MomentPanel first = MomentPanel.first(result);
    MomentPanel second = MomentPanel.second(result);
    double half = (width - 3.0 * MARGIN) / 2;
    panel(first, MARGIN, half, height - TOP - BOTTOM);
    panel(second, 2 * MARGIN + half, half, height - TOP - BOTTOM);
    legend(first.lines(), height - 20);
    graphics.dispose();
    return image;
  }

  private void panel(MomentPanel panel, double x, double width, double height) {
    write(panel.title(), font(Font.BOLD, 14), TEXT, (int) x + AXIS, TOP - 2);
    var chart = new JFreeChart(null, null, plot(panel), /* createLegend= */ false);
    chart.setBackgroundPaint(Color.WHITE);
    chart.setPadding(RectangleInsets.ZERO_INSETS);
    chart.draw(graphics, new Rectangle2D.Double(x, TOP, width, height));
  }

  private static XYPlot plot(MomentPanel panel) {
    var band = new YIntervalSeries(MomentPanel.WITHOUT);
    Curve without = panel.lines().getFirst().mean();
    for (int t = 0; t < without.y().size(); t++) {
      band.add(t, number(without, t), number(panel.low(), t), number(panel.high(), t));
    }
    var bands = new YIntervalSeriesCollection();
    bands.addSeries(band);
    var lines = new XYSeriesCollection();
    for (MomentPanel.Line of : panel.lines().subList(1, panel.lines().size())) {
      var line = new XYSeries(of.label());
      for (int t = 0; t < of.mean().y().size(); t++) {
        line.add(t, number(of.mean(), t));
      }
      lines.addSeries(line);
    }

    NumberAxis time = axis("step t", 50, 0, Simulation.STEPS);
    NumberAxis value = axis(panel.unit(), panel.tick(), panel.bottom(), panel.top());
    var plot = new XYPlot(bands, time, value, bandRenderer());
    plot.setDataset(1, lines);
    plot.setRenderer(1, lineRenderer(lines.getSeriesCount()));
    plot.setBackgroundPaint(Color.WHITE);
    plot.setOutlineVisible(false);
    plot.setDomainGridlinesVisible(false);
    plot.setRangeGridlinePaint(GRID);
    plot.setRangeGridlineStroke(line(1));
    plot.setAxisOffset(RectangleInsets.ZERO_INSETS);
    plot.setInsets(new RectangleInsets(INSET, 0, 0, INSET)); // half of a tick's label
    plot.addDomainMarker(0, spike(), Layer.BACKGROUND);
    var space = new AxisSpace();
    space.setLeft(AXIS);
    plot.setFixedRangeAxisSpace(space); // so that both panels begin alike
    return plot;
  }

  /** Not a number where the curve has none. */
  private static double number(Curve curve, int t) {
    Double value = curve.y().get(t);
    return value == null ? Double.NaN : value;
  }

  private static NumberAxis axis(String label, double tick, double from, double to) {
    var axis = new NumberAxis(label);
    axis.setRange(from, to);
    axis.setTickUnit(new NumberTickUnit(tick));
    axis.setNumberFormatOverride(
        new DecimalFormat(
            tick < 1 ? "0." + "0".repeat((int) Math.ceil(-Math.log10(tick))) : "0",
            DecimalFormatSymbols.getInstance(Locale.ROOT)));
    axis.setLabelFont(font(Font.PLAIN, 13));
    axis.setLabelPaint(SOFT);
    axis.setTickLabelFont(font(Font.PLAIN, 12));
    axis.setTickLabelPaint(SOFT);
    axis.setAxisLinePaint(GRID);
    axis.setTickMarkPaint(GRID);
    return axis;
  }

  private static ValueMarker spike() {
    var marker = new ValueMarker(Simulation.SPIKE_STEP, GRID, line(1));
    marker.setLabel("spike");
    marker.setLabelFont(font(Font.PLAIN, 12));
    marker.setLabelPaint(SOFT);
    marker.setLabelBackgroundColor(new Color(255, 255, 255, 0));
    marker.setLabelAnchor(RectangleAnchor.TOP_LEFT);
    marker.setLabelTextAnchor(TextAnchor.TOP_RIGHT);
    return marker;
  }

  private static DeviationRenderer bandRenderer() {
    var renderer = new DeviationRenderer(/* lines= */ true, /* shapes= */ false);
    renderer.setSeriesPaint(0, colour(0));
    renderer.setSeriesFillPaint(0, colour(0));
    renderer.setSeriesStroke(0, stroke(0));
    renderer.setAlpha(0.18f);
    return renderer;
  }

  private static XYLineAndShapeRenderer lineRenderer(int count) {
    var renderer = new XYLineAndShapeRenderer(/* lines= */ true, /* shapes= */ false);
    renderer.setDrawSeriesLineAsPath(true); // dashes go on from point to point
    for (int i = 0; i < count; i++) {
      renderer.setSeriesPaint(i, colour(i + 1));
      renderer.setSeriesStroke(i, stroke(i + 1));
    }
    return renderer;
  }

  private void legend(List<MomentPanel.Line> lines, int y) {
    Font font = font(Font.PLAIN, 13);
    FontMetrics metrics = graphics.getFontMetrics(font);
    int width = GAP * (lines.size() - 1);
    for (MomentPanel.Line line : lines) {
      width += SAMPLE + 8 + metrics.stringWidth(line.label());
    }
    int x = (WIDTH / SCALE - width) / 2;
    for (int series = 0; series < lines.size(); series++) {
      String label = lines.get(series).label();
      graphics.setColor(colour(series));
      graphics.setStroke(stroke(series));
      graphics.draw(new Line2D.Double(x, y - 4.5, x + SAMPLE, y - 4.5));
      write(label, font, TEXT, x + SAMPLE + 8, y);
      x += SAMPLE + 8 + metrics.stringWidth(label) + GAP;
    }
  }

  private void write(String text, Font font, Color colour, int x, int y) {
    graphics.setFont(font);
    graphics.setColor(colour);
    graphics.drawString(text, x, y);
  }

  private static Color colour(int series) {
    return COLOURS[series % COLOURS.length];
  }

  private static Stroke stroke(int series) {
    return line(2, DASHES[series % DASHES.length]);
  }

  private static Stroke line(float width, float... dashes) {
    return new BasicStroke(
        width,
        BasicStroke.CAP_BUTT,
        BasicStroke.JOIN_ROUND,
        /* miterlimit= */ 1,
        dashes.length == 0 ? null : dashes,
        /* dash_phase= */ 0);
  }

  private static Font font(int style, int size) {
    return new Font(Font.SANS_SERIF, style, size);
  }
}
