package io.spam4j.engine.checkpoint;

import io.spam4j.engine.checkpoint.Checkpoint.SavedParameter;
import io.spam4j.engine.checkpoint.LoadOptions.Difference;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Compares a checkpoint with the optimizer that is to continue from it. */
public final class CheckpointMatch {
  /** What can be converted to F32 and to BF16. */
  private static final Set<DType> CONVERTIBLE =
      EnumSet.of(DType.F64, DType.F32, DType.F16, DType.BF16);

  private static final String ABSENT = "none";

  private final Checkpoint saved;
  private final TrainingState own;
  private final LoadOptions options;
  // Each with the parameters that it is found in; none for what holds for all.
  private final Map<String, List<String>> differences = new LinkedHashMap<>();

  private CheckpointMatch(Checkpoint saved, TrainingState own, LoadOptions options) {
    this.saved = saved;
    this.own = own;
    this.options = options;
  }

  /**
   * What to load for each parameter of the optimizer; null for one that starts afresh.
   *
   * @throws CheckpointMismatchException if something differs that the options do not allow
   */
  public static List<@Nullable SavedParameter> of(
      Checkpoint saved, TrainingState own, LoadOptions options) {
    return new CheckpointMatch(saved, own, options).match();
  }

  private List<@Nullable SavedParameter> match() {
    boolean same = saved.optimizer().equals(own.optimizer());
    if (!same) {
      differ(Difference.OPTIMIZER, "optimizer", saved.optimizer(), own.optimizer());
    } else {
      compare("setting ", saved.settings(), own.settings());
    }
    Set<String> extra = new LinkedHashSet<>(saved.parameters().keySet());
    List<@Nullable SavedParameter> sources = new ArrayList<>();
    for (TrainingState.OfParameter of : own.parameters()) {
      String name = options.nameInFile(of.name());
      extra.remove(name);
      SavedParameter source = saved.parameters().get(name);
      if (source == null) {
        differ(Difference.MISSING, "parameter", ABSENT, of.name());
      } else if (!fits(source, of, same)) {
        source = null;
      }
      sources.add(source);
    }
    extra.forEach(name -> differ(Difference.EXTRA, "parameter", name, ABSENT));
    if (!differences.isEmpty()) {
      List<String> texts = new ArrayList<>();
      differences.forEach(
          (text, names) -> texts.add(names.isEmpty() ? text : text + ", parameters=" + names));
      throw new CheckpointMismatchException(saved.file(), texts);
    }
    return sources;
  }

  /** Whether a parameter can be loaded; tells of all that differs. */
  private boolean fits(SavedParameter source, TrainingState.OfParameter of, boolean sameOptimizer) {
    String name = of.name();
    if (sameOptimizer) {
      compare("", source.hyperparameters(), of.hyperparameters(), name);
      compareNames("scalars", Difference.HYPERPARAMETERS, source.scalars(), of.scalars(), name);
    }
    compareNames("state", Difference.OPTIMIZER, source.state(), of.tensors(), name);
    boolean fits = true;
    List<Long> shape = of.shape();
    if (!source.shape().equals(shape)) {
      fits = false;
      differ(Difference.SHAPES, "shape", source.shape(), shape, name);
    } else if (source.mask().isPresent() && !of.isPacked()) {
      fits = false;
      differ(Difference.SHAPES, "weights with state", "selected", "all", name);
    } else {
      fits = stateFits(source, of, name);
    }
    compareWeights(source, of);
    return fits;
  }

  private boolean stateFits(SavedParameter source, TrainingState.OfParameter of, String name) {
    boolean fits = true;
    for (Map.Entry<String, Tensor> state : of.tensors().entrySet()) {
      Tensor tensor = source.state().get(state.getKey());
      if (tensor == null) {
        continue;
      }
      DType file = tensor.dtype();
      DType wanted = state.getValue().dtype();
      if (file != wanted) {
        if (CONVERTIBLE.contains(file) && CONVERTIBLE.contains(wanted)) {
          differ(Difference.TYPES, state.getKey(), file, wanted, name);
        } else {
          differ("%s: file=%s, optimizer=%s".formatted(state.getKey(), file, wanted), name);
        }
      }
      List<Long> expected =
          source.mask().isPresent()
              ? own.selectedShape().of(state.getKey(), source.mask().get().count(), of.shape())
              : shape(state.getValue());
      if (!shape(tensor).equals(expected)) {
        fits = false;
        differ(Difference.SHAPES, state.getKey(), shape(tensor), expected, name);
      }
    }
    return fits;
  }

  private void compareWeights(SavedParameter source, TrainingState.OfParameter own) {
    if (!options.hasWeights()) {
      return;
    }
    Tensor weights = saved.weights().get(source.name());
    if (weights == null) {
      differ("weights: not in the file, save them with SaveOptions.withWeights", own.name());
    } else if (weights.dtype() != own.dtype()) {
      differ("weights: file=%s, optimizer=%s".formatted(weights.dtype(), own.dtype()), own.name());
    }
  }

  private void compare(
      String what, Map<String, String> file, Map<String, String> optimizer, String... name) {
    Set<String> keys = new LinkedHashSet<>(file.keySet());
    keys.addAll(optimizer.keySet());
    for (String key : keys) {
      String one = file.getOrDefault(key, ABSENT);
      String other = optimizer.getOrDefault(key, ABSENT);
      if (!one.equals(other)) {
        differ(Difference.HYPERPARAMETERS, what + key, one, other, name);
      }
    }
  }

  private void compareNames(
      String what, Difference kind, Map<String, ?> file, Map<String, ?> optimizer, String name) {
    if (!file.keySet().equals(optimizer.keySet())) {
      differ(kind, what, file.keySet(), optimizer.keySet(), name);
    }
  }

  private void differ(Difference kind, String what, Object file, Object optimizer, String... name) {
    if (!options.allows(kind)) {
      differ("%s: file=%s, optimizer=%s%s".formatted(what, file, optimizer, kind.remedy()), name);
    }
  }

  private void differ(String text, String... name) {
    List<String> names = differences.computeIfAbsent(text, _ -> new ArrayList<>());
    names.addAll(Arrays.asList(name));
  }

  private static List<Long> shape(Tensor tensor) {
    return list(tensor.shape());
  }

  private static List<Long> list(long[] shape) {
    return Arrays.stream(shape).boxed().toList();
  }
}
