package io.spam4j.examples.inspect;

import io.spam4j.engine.checkpoint.ParameterState;
import io.spam4j.examples.inspect.CheckpointSummary.OfParameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A checkpoint as it is shown on the console. */
final class CheckpointText {
  private CheckpointText() {}

  static String of(CheckpointSummary checkpoint) {
    TextPage page = new TextPage();
    page.line(checkpoint.file());
    page.facts("checkpoint", general(checkpoint));
    page.facts("settings", checkpoint.settings());
    for (int i = 0; i < checkpoint.groups().size(); i++) {
      page.facts("group " + i, checkpoint.groups().get(i));
    }
    page.table("parameters", parameters(checkpoint.parameters()));
    page.table("tensors", tensors(checkpoint.parameters()));
    page.table("scalars", scalars(checkpoint.parameters()));
    page.facts("memory", memory(checkpoint.bytes()));
    page.facts("notes", checkpoint.notes());
    return page.toString();
  }

  private static Map<String, String> general(CheckpointSummary checkpoint) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("optimizer", checkpoint.optimizer());
    facts.put("steps done", TextPage.count(checkpoint.steps()));
    facts.put("non-finite steps", TextPage.count(checkpoint.nonFiniteSteps()) + " in a row");
    @Nullable ResetPosition reset = checkpoint.reset();
    if (reset == null) {
      facts.put("resets", "never");
    } else {
      facts.put("resets", "every %d steps, next at step %d".formatted(reset.every(), reset.next()));
      facts.put("interval", "%d, %d steps of it done".formatted(reset.interval(), reset.step()));
    }
    facts.put("format", Integer.toString(checkpoint.format()));
    return facts;
  }

  private static List<List<String>> parameters(List<OfParameter> parameters) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("name", "shape", "group", "with state", "updates", "since reset", "spikes"));
    for (OfParameter parameter : parameters) {
      @Nullable Double density = parameter.density();
      ParameterState saved = parameter.saved();
      rows.add(
          List.of(
              saved.name(),
              TextPage.shape(saved.shape()),
              Integer.toString(parameter.group()),
              density == null ? "all" : TextPage.number(density),
              TextPage.count(saved.counters().updates()),
              TextPage.count(saved.counters().updatesSinceReset()),
              TextPage.count(saved.counters().spikes())));
    }
    return rows;
  }

  private static List<List<String>> tensors(List<OfParameter> parameters) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("of", "what", "type", "bytes", "norm", "largest", "not finite"));
    for (OfParameter parameter : parameters) {
      List<TensorSummary> all = new ArrayList<>();
      @Nullable TensorSummary weights = parameter.weights();
      if (weights != null) {
        all.add(weights);
      }
      all.addAll(parameter.tensors());
      for (TensorSummary tensor : all) {
        rows.add(
            List.of(
                parameter.saved().name(),
                tensor.name(),
                tensor.dtype(),
                TextPage.count(tensor.bytes()),
                TextPage.number(tensor.norm()),
                TextPage.number(tensor.largest()),
                TextPage.count(tensor.nonFinite())));
      }
      if (parameter.density() != null) {
        String index = TextPage.count(parameter.indexBytes());
        rows.add(List.of(parameter.saved().name(), "index", "U8", index, "-", "-", "-"));
      }
    }
    return rows;
  }

  private static List<List<String>> scalars(List<OfParameter> parameters) {
    Set<String> names = new LinkedHashSet<>();
    parameters.forEach(parameter -> names.addAll(parameter.saved().scalars().keySet()));
    if (names.isEmpty()) {
      return List.of();
    }
    List<List<String>> rows = new ArrayList<>();
    List<String> heads = new ArrayList<>(List.of("of"));
    heads.addAll(names);
    rows.add(heads);
    for (OfParameter parameter : parameters) {
      List<String> row = new ArrayList<>(List.of(parameter.saved().name()));
      names.forEach(name -> row.add(TextPage.number(parameter.saved().scalars().get(name))));
      rows.add(row);
    }
    return rows;
  }

  private static Map<String, String> memory(CheckpointSummary.Bytes bytes) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("state", TextPage.bytes(bytes.state()));
    facts.put("index", TextPage.bytes(bytes.index()));
    facts.put(
        "weights", bytes.weights() == 0 ? "not in the file" : TextPage.bytes(bytes.weights()));
    facts.put("file", TextPage.bytes(bytes.file()));
    return facts;
  }
}
