package io.spam4j.examples.lab.runs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spam4j.examples.lab.protocol.Outcome;
import io.spam4j.examples.lab.protocol.RunSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A run that ended: one line of JSON. All but {@code seconds} follows from the settings.
 *
 * @param outcome what verdicts see
 * @param curve mean training loss of consecutive stretches of steps, as many in each but the last
 * @param stretch steps of a stretch
 * @param spikes coordinates that were clipped as spikes, or lowered by AdaClip
 * @param resets of the moments
 * @param spikedSteps steps whose gradients had spikes injected
 * @param stateBytes of the optimizer: moments and selections
 * @param seconds it took
 */
public record RunRecord(
    RunSettings settings,
    Outcome outcome,
    List<Double> curve,
    int stretch,
    long spikes,
    long resets,
    long spikedSteps,
    long stateBytes,
    double seconds) {
  private static final int FORMAT = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Takes a copy. */
  public RunRecord {
    curve = List.copyOf(curve);
  }

  /** The line, with a line feed; numbers that are not finite are null. */
  byte[] line() throws IOException {
    ObjectNode line = JSON.createObjectNode();
    line.put("format", FORMAT);
    ObjectNode all = line.putObject("settings");
    settings.values().forEach(all::put);
    put(line, "first", outcome.first());
    put(line, "tuning", outcome.tuning());
    put(line, "test", outcome.test());
    ArrayNode points = line.putArray("curve");
    for (double point : curve) {
      if (Double.isFinite(point)) {
        points.add(point);
      } else {
        points.addNull();
      }
    }
    line.put("stretch", stretch);
    line.put("spikes", spikes);
    line.put("resets", resets);
    line.put("spikedSteps", spikedSteps);
    line.put("stateBytes", stateBytes);
    line.put("seconds", Math.rint(seconds * 10) / 10);
    return (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static void put(ObjectNode line, String name, double value) {
    if (Double.isFinite(value)) {
      line.put(name, value);
    } else {
      line.putNull(name);
    }
  }

  /**
   * Reads a line.
   *
   * @throws IOException if it is not one of this form
   */
  static RunRecord of(byte[] line) throws IOException {
    JsonNode root = JSON.readTree(line);
    if (root.path("format").asInt() != FORMAT) {
      throw new IOException(
          "run must be of format %d: format=%s".formatted(FORMAT, root.path("format")));
    }
    Map<String, String> settings = new TreeMap<>();
    for (var setting : root.required("settings").properties()) {
      settings.put(setting.getKey(), setting.getValue().asText());
    }
    List<Double> curve = new ArrayList<>();
    root.required("curve").forEach(point -> curve.add(point.asDouble(Double.NaN)));
    return new RunRecord(
        RunSettings.of(settings),
        new Outcome(number(root, "first"), number(root, "tuning"), number(root, "test")),
        curve,
        root.required("stretch").asInt(),
        root.required("spikes").asLong(),
        root.required("resets").asLong(),
        root.required("spikedSteps").asLong(),
        root.required("stateBytes").asLong(),
        number(root, "seconds"));
  }

  private static double number(JsonNode root, String name) {
    return root.required(name).asDouble(Double.NaN);
  }
}
