package io.spam4j.examples.simulate;

import io.spam4j.examples.output.Curve;
import io.spam4j.examples.simulate.SimulationResult.Outcome;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.doubles.DoubleList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/**
 * A chart of a moment over time. Series 0 is without the spike, with a band around it; the
 * contenders follow.
 *
 * @param unit what the vertical axis counts
 * @param bottom of the vertical axis: 0, or lower if a mean is; the band may be cut off
 * @param top of the vertical axis, a whole number of ticks
 * @param tick between gridlines
 * @param low the lower edge of the band: a standard deviation of a single run
 * @param high the upper edge
 * @param lines the mean of all seeds, a line a series
 */
record MomentPanel(
    String title,
    String unit,
    double bottom,
    double top,
    double tick,
    Curve low,
    Curve high,
    List<Line> lines) {
  static final String WITHOUT = "without the spike";

  private static final int FEWEST_TICKS = 6;
  private static final double ROOM = 1.03;

  /** A series. */
  record Line(String label, Curve mean) {}

  /** The first moment. */
  static MomentPanel first(SimulationResult result) {
    return of(result, "First moment", "m (unit of g)", Outcome::first, Outcome::cleanFirst);
  }

  /** The second moment. */
  static MomentPanel second(SimulationResult result) {
    return of(result, "Second moment", "v (unit of g²)", Outcome::second, Outcome::cleanSecond);
  }

  private static MomentPanel of(
      SimulationResult result,
      String title,
      String unit,
      Function<Outcome, Series> moment,
      Function<Outcome, Series> clean) {
    Series without = clean.apply(result.outcomes().getFirst());
    DoubleList high = without.shifted(1);
    List<Line> lines = new ArrayList<>();
    lines.add(new Line(WITHOUT, Curve.of(without.mean())));
    for (Outcome outcome : result.outcomes()) {
      lines.add(new Line(outcome.label(), Curve.of(moment.apply(outcome).mean())));
    }
    var means = new DoubleArrayList(without.mean());
    result.outcomes().forEach(outcome -> means.addAll(moment.apply(outcome).mean()));
    double largest =
        DoubleStream.concat(means.doubleStream(), high.doubleStream()).max().orElseThrow();
    double tick = tick(ROOM * largest);
    double lowest = means.doubleStream().min().orElseThrow();
    return new MomentPanel(
        title,
        unit,
        tick * Math.floor(lowest / tick),
        tick * Math.ceil(ROOM * largest / tick),
        tick,
        Curve.of(without.shifted(-1)),
        Curve.of(high),
        lines);
  }

  /** 1, 2 or 5 times a power of ten, so that there are about six. */
  private static double tick(double top) {
    double least = top / FEWEST_TICKS;
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    return power * (least <= power ? 1 : least <= 2 * power ? 2 : least <= 5 * power ? 5 : 10);
  }
}
