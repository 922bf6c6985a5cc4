package io.spam4j.engine.checkpoint;

import io.spam4j.engine.checkpoint.ExpectedState.TensorType;
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
import java.util.OptionalLong;
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
  private final List<ExpectedState> expected;
  private final LoadOptions options;
  // Each with the parameters that it is found in; none for what holds for all.
  private final Map<String, List<String>> differences = new LinkedHashMap<>();

  private CheckpointMatch(
      Checkpoint saved, TrainingState own, List<ExpectedState> expected, LoadOptions options) {
    this.saved = saved;
    this.own = own;
    this.expected = expected;
    this.options = options;
  }

  /**
   * What to load for each parameter of the optimizer; null for one that starts afresh.
   *
   * @param own what the optimizer is and has; neither tensors nor masks are looked at
   * @param expected how the state of each of its parameters must look
   * @throws CheckpointMismatchException if something differs that the options do not allow
   */
  public static List<@Nullable ParameterState> of(
      Checkpoint saved, TrainingState own, List<ExpectedState> expected, LoadOptions options) {
    return new CheckpointMatch(saved, own, expected, options).match();
  }

  private List<@Nullable ParameterState> match() {
    boolean same = saved.optimizer().equals(own.optimizer());
    if (!same) {
      differ(Difference.OPTIMIZER, "optimizer", saved.optimizer(), own.optimizer());
    } else {
      compare("setting ", saved.settings(), own.settings());
    }
    Set<String> extra = new LinkedHashSet<>(saved.parameters().keySet());
    List<@Nullable ParameterState> sources = new ArrayList<>();
    for (ParameterState of : own.parameters().values()) {
      String name = options.nameInFile(of.name());
      extra.remove(name);
      ParameterState source = saved.parameters().get(name);
      if (source == null) {
        differ(Difference.MISSING, "parameter", ABSENT, of.name());
      } else if (!fits(source, of, expected.get(sources.size()), same)) {
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
  private boolean fits(
      ParameterState source, ParameterState of, ExpectedState state, boolean sameOptimizer) {
    String name = of.name();
    if (sameOptimizer) {
      compare("", source.hyperparameters(), of.hyperparameters(), name);
      compareNames("scalars", Difference.HYPERPARAMETERS, source.scalars(), of.scalars(), name);
    }
    compareNames(
        "state",
        Difference.OPTIMIZER,
        source.state(),
        state.tensors().of(OptionalLong.empty()),
        name);
    boolean fits = true;
    List<Long> shape = of.shape();
    if (!source.shape().equals(shape)) {
      fits = false;
      differ(Difference.SHAPES, "shape", source.shape(), shape, name);
    } else if (source.mask().isPresent() && !state.isPacked()) {
      fits = false;
      differ(Difference.SHAPES, "weights with state", "selected", "all", name);
    } else {
      fits = stateFits(source, state.tensors(), name);
    }
    compareWeights(source, name, state.weights());
    return fits;
  }

  private boolean stateFits(ParameterState source, ExpectedState.Tensors tensors, String name) {
    boolean fits = true;
    OptionalLong selected = source.mask().stream().mapToLong(SavedMask::count).findFirst();
    for (Map.Entry<String, TensorType> state : tensors.of(selected).entrySet()) {
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
      List<Long> shape = TensorType.of(tensor).shape();
      List<Long> wantedShape = state.getValue().shape();
      if (!shape.equals(wantedShape)) {
        fits = false;
        differ(Difference.SHAPES, state.getKey(), shape, wantedShape, name);
      }
    }
    return fits;
  }

  private void compareWeights(ParameterState source, String name, DType own) {
    if (!options.hasWeights()) {
      return;
    }
    Tensor weights = saved.weights().get(source.name());
    if (weights == null) {
      differ("weights: not in the file, save them with SaveOptions.withWeights", name);
    } else if (weights.dtype() != own) {
      differ("weights: file=%s, optimizer=%s".formatted(weights.dtype(), own), name);
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
}
