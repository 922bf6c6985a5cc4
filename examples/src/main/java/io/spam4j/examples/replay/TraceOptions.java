package io.spam4j.examples.replay;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The hyper-parameters of a trace, written as Python writes them; none may go unread. */
final class TraceOptions {
  private static final Set<String> ABOUT_THE_RECORDING =
      Set.of("optimizer", "steps", "seed", "dtype", "torch");

  private final Map<String, String> values;

  TraceOptions(Trace trace) {
    values = new TreeMap<>(trace.metadata());
    values.keySet().removeAll(ABOUT_THE_RECORDING);
  }

  boolean has(String name) {
    return !values.getOrDefault(name, "None").equals("None");
  }

  double number(String name, double absent) throws TraceFormatException {
    String text = values.remove(name);
    return text == null || text.equals("None") ? absent : parse(name, text);
  }

  long count(String name, long absent) throws TraceFormatException {
    double number = number(name, (double) absent);
    if (number != Math.rint(number) || number < 0) {
      throw new TraceFormatException(
          name + " must be a whole number that is not negative: " + name + "=" + number);
    }
    return (long) number;
  }

  boolean flag(String name, boolean absent) {
    String text = values.remove(name);
    return text == null ? absent : text.equals("True");
  }

  double[] pair(String name, double absent1, double absent2) throws TraceFormatException {
    if (!has(name)) {
      values.remove(name);
      return new double[] {absent1, absent2};
    }
    String text = values.get(name);
    String[] parts = list(name);
    if (parts.length != 2) {
      throw new TraceFormatException(name + " must be a pair of numbers: " + name + "=" + text);
    }
    return new double[] {parse(name, parts[0]), parse(name, parts[1])};
  }

  /** The words of a list or tuple; none if it is absent. */
  String[] list(String name) {
    String text = values.remove(name);
    return text == null ? new String[0] : text.replaceAll("[()\\[\\]\"\\s]", "").split(",", -1);
  }

  private static double parse(String name, String text) throws TraceFormatException {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new TraceFormatException(name + " must be a number: " + name + "=" + text);
    }
  }

  /** The options that ask for something and that nothing has read. */
  Map<String, String> unused() {
    Map<String, String> rest = new TreeMap<>(values);
    rest.values().removeIf(text -> text.equals("None") || text.equals("False"));
    return rest;
  }
}
