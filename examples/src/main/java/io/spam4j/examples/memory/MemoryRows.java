package io.spam4j.examples.memory;

import io.spam4j.engine.optimizers.Adafactor;
import io.spam4j.engine.optimizers.Adam;
import io.spam4j.engine.optimizers.AdamMini;
import io.spam4j.engine.optimizers.AdamW;
import io.spam4j.engine.optimizers.Lion;
import io.spam4j.engine.optimizers.MomentBuilder;
import io.spam4j.engine.optimizers.OptimizerBuilder;
import io.spam4j.engine.optimizers.Sgd;
import io.spam4j.engine.optimizers.Spam;
import io.spam4j.engine.optimizers.StableSpam;
import io.spam4j.engine.options.MaskSelection;
import io.spam4j.engine.options.WeightRounding;
import io.spam4j.examples.formats.StateFormat;
import io.spam4j.examples.models.LlamaModel;
import io.spam4j.examples.models.ModelWeight;
import io.spam4j.tensors.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Plans the memory of each optimizer, in formats as near to those asked for as it has. */
final class MemoryRows {
  private final LlamaModel llama;
  private final double density;
  private final MaskSelection selection;
  private final NumberFormats asked;
  private final Map<String, long[]> shapes = new LinkedHashMap<>();
  private final long elements;

  /**
   * Prepares rows.
   *
   * @param density of the sparse optimizers' projections, in (0, 1]
   * @param selection of their weights
   */
  MemoryRows(LlamaModel llama, double density, MaskSelection selection, NumberFormats asked) {
    this.llama = llama;
    this.density = density;
    this.selection = selection;
    this.asked = asked;
    long sum = 0;
    for (ModelWeight weight : llama.weights()) {
      shapes.put(weight.name(), weight.shape().stream().mapToLong(n -> n).toArray());
      sum += weight.elements();
    }
    elements = sum;
  }

  /**
   * A row an optimizer.
   *
   * @throws IllegalArgumentException if the density is out of its range
   */
  MemoryTable table() {
    String lines = selection.lineLength() == 1 ? "" : ", lines of " + selection.lineLength();
    String sparse = String.format(Locale.ROOT, ", d = %.4f%s", density, lines);
    List<MemoryTable.Row> rows = new ArrayList<>();
    rows.add(row("adamw", AdamW::builder));
    rows.add(row("adam, amsgrad", () -> Adam.builder().amsgrad(true)));
    rows.add(row("spam", Spam::builder));
    if (asked.weights() == DType.BF16) {
      rows.add(
          row("spam, exact weights", () -> Spam.builder().weightRounding(WeightRounding.EXACT)));
    }
    rows.add(row("spam" + sparse, () -> sparse(Spam.builder())));
    rows.add(row("stable-spam", StableSpam::builder));
    rows.add(row("stable-spam" + sparse, () -> sparse(StableSpam.builder())));
    rows.add(row("adafactor", Adafactor::builder));
    rows.add(row("adam-mini", () -> AdamMini.builder(llama.heads())));
    rows.add(row("lion", Lion::builder));
    rows.add(row("sgd, momentum", Sgd::builder));
    return new MemoryTable(rows);
  }

  /** The engine is asked which formats an optimizer has. */
  private MemoryTable.Row row(String name, Supplier<OptimizerBuilder<?>> builder) {
    List<NumberFormats> formats = asked.andPlainer();
    for (NumberFormats better : formats.subList(0, formats.size() - 1)) {
      try {
        return row(name, builder.get(), better);
      } catch (IllegalArgumentException _) {
        // There is a plainer one; whatever else is wrong is so with float32 too.
      }
    }
    return row(name, builder.get(), formats.getLast());
  }

  private MemoryTable.Row row(String name, OptimizerBuilder<?> builder, NumberFormats formats) {
    StateFormat.set(builder, formats.state());
    return new MemoryTable.Row(
        name + asked.mark(formats),
        formats.weights().bytes(elements),
        builder.plannedMemory(shapes, formats.weights()));
  }

  private <B extends MomentBuilder<B>> B sparse(B builder) {
    builder.maskSelection(selection);
    for (ModelWeight weight : llama.weights()) {
      if (weight.target()) {
        builder.group(weight.name(), group -> group.density(density));
      }
    }
    return builder;
  }
}
