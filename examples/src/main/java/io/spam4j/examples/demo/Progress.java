package io.spam4j.examples.demo;

import io.spam4j.examples.output.Quantities;
import io.spam4j.examples.shell.Terminal;
import io.spam4j.examples.training.RunResult;
import io.spam4j.examples.training.StepSample;
import io.spam4j.examples.training.TrainingListener;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Tells how the training goes: on a terminal one line that is redrawn, elsewhere a plain line every
 * tenth of a run.
 */
final class Progress implements TrainingListener {
  private static final int BAR = 14;
  private static final long REDRAW_NANOS = 100_000_000;
  private static final String CLEAR = "\r\u001b[K";

  private final Terminal terminal;
  private final LongSupplier nanoTime;

  private String name = "";
  private int run;
  private int runs;
  private int steps;
  private long started;
  private long runStarted;
  private long stepsDone;
  private long runSteps;
  private long runTokens;
  private long drawn;

  Progress(Terminal terminal, LongSupplier nanoTime) {
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    started = nanoTime.getAsLong();
  }

  @Override
  public synchronized void message(String line) {
    println(line);
  }

  @Override
  public synchronized void runStarted(
      String optimizer, boolean spiked, int run, int runs, int done, int steps) {
    if (stepsDone == 0) {
      started = nanoTime.getAsLong();
    }
    this.name = optimizer + (spiked ? " spiked" : " clean");
    this.run = run;
    this.runs = runs;
    this.steps = steps;
    runStarted = nanoTime.getAsLong();
    runSteps = done;
    runTokens = 0;
    drawn = runStarted - REDRAW_NANOS;
  }

  @Override
  public synchronized void step(StepSample sample, long tokens) {
    long tenthBefore = runSteps * 10 / steps;
    stepsDone++;
    runSteps++;
    runTokens += tokens;
    long now = nanoTime.getAsLong();
    if (!terminal.interactive()) {
      if (runSteps * 10 / steps > tenthBefore) {
        println(line(sample, now, ""));
      }
    } else if (now - drawn >= REDRAW_NANOS || runSteps == steps) {
      drawn = now;
      terminal.err().print(CLEAR + line(sample, now, bar()));
      terminal.err().flush();
    }
  }

  @Override
  public synchronized void runFinished(RunResult result) {
    if (Double.isFinite(result.validationPerplexity())) {
      println(
          "[%d/%d] %s: validation perplexity %s a byte"
              .formatted(run, runs, name, Quantities.level(result.validationPerplexity())));
    } else if (terminal.interactive()) {
      println("[%d/%d] %s: %s".formatted(run, runs, name, result.finished() ? "done" : "stopped"));
    }
  }

  private String line(StepSample sample, long now, String bar) {
    double tokensPerSecond = runTokens / Math.max(1e-9, (now - runStarted) / 1e9);
    return String.format(
        Locale.ROOT,
        "[%d/%d] %s %s%d/%d, loss %s, %s tokens/s, %s left",
        run,
        runs,
        name,
        bar,
        runSteps,
        steps,
        Double.isFinite(sample.loss()) ? String.format(Locale.ROOT, "%.3f", sample.loss()) : "lost",
        Quantities.rate(tokensPerSecond),
        Quantities.time(left(now)));
  }

  /** From the mean time a step so far, validation included. */
  private Duration left(long now) {
    long stepsLeft = (long) (runs - run + 1) * steps - runSteps;
    return Duration.ofNanos((long) ((double) (now - started) / stepsDone * stepsLeft));
  }

  private String bar() {
    int filled = (int) (BAR * runSteps / steps);
    return "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] ";
  }

  private void println(String line) {
    terminal.err().println((terminal.interactive() ? CLEAR : "") + line);
    terminal.err().flush();
  }
}
