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
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Compares a checkpoint with the optimizer that is to continue from it. */
public final class CheckpointMatch {
  /** What can be converted to each other. */
  private static final Set<DType> CONVERTIBLE =
      EnumSet.of(DType.F64, DType.F32, DType.F16, DType.BF16);

  private static final String ABSENT = "none";
  private static final String NOT_IN_FILE = "not in the file";

  private final Checkpoint saved;
  private final TrainingState own;
  private final List<ExpectedState> expected;
  private final LoadOptions options;
  private final StateMeaning meaning;
  private final List<ParameterSource> sources = new ArrayList<>();
  private final SequencedMap<String, List<String>> startedAtZero = new LinkedHashMap<>();
  private final SequencedMap<String, List<String>> rounded = new LinkedHashMap<>();
  private final SequencedMap<String, String> weightsLeft = new LinkedHashMap<>();
  private final List<String> unused = new ArrayList<>();
  // Each with the parameters that it is found in; none for what holds for all.
  private final Map<String, List<String>> differences = new LinkedHashMap<>();

  private CheckpointMatch(
      Checkpoint saved, TrainingState own, List<ExpectedState> expected, LoadOptions options) {
    this.saved = saved;
    this.own = own;
    this.expected = expected;
    this.options = options;
    meaning = new StateMeaning(saved.state(), own);
  }

  /**
   * What to load for each parameter of the optimizer, in its order, and what that comes to.
   *
   * @param own what the optimizer is and has; neither tensors nor masks are looked at
   * @param expected how the state of each of its parameters must look
   * @throws CheckpointMismatchException if something differs that the options do not allow
   */
  public static CheckpointMatch of(
      Checkpoint saved, TrainingState own, List<ExpectedState> expected, LoadOptions options) {
    var match = new CheckpointMatch(saved, own, expected, options);
    match.match();
    return match;
  }

  /** What each parameter goes on from. */
  public List<ParameterSource> sources() {
    return sources;
  }

  /** What is loaded, and what is not. */
  public LoadReport report() {
    List<String> restored = new ArrayList<>();
    SequencedMap<String, String> fresh = new LinkedHashMap<>();
    List<String> weights = new ArrayList<>();
    for (ParameterSource source : sources) {
      if (source.fresh() == null) {
        restored.add(source.parameter());
      } else {
        fresh.put(source.parameter(), source.fresh());
      }
      if (source.weights() != null) {
        weights.add(source.parameter());
      }
    }
    return new LoadReport(restored, fresh, startedAtZero, rounded, weights, weightsLeft, unused);
  }

  private void match() {
    if (!saved.optimizer().equals(own.optimizer())) {
      differ(Difference.OPTIMIZER, "optimizer", saved.optimizer(), own.optimizer());
    } else {
      compare("setting ", saved.settings(), own.settings());
    }
    Set<String> extra = new LinkedHashSet<>(saved.parameters().keySet());
    for (ParameterState of : own.parameters().values()) {
      String name = options.nameInFile(of.name());
      extra.remove(name);
      ParameterState source = saved.parameters().get(name);
      if (source == null) {
        differ(Difference.MISSING, "parameter", ABSENT, of.name());
        sources.add(new ParameterSource(of.name(), null, NOT_IN_FILE, null));
        leaveWeights(of, NOT_IN_FILE);
      } else {
        sources.add(source(source, of, expected.get(sources.size())));
      }
    }
    extra.forEach(name -> differ(Difference.EXTRA, "parameter", name, ABSENT));
    unused.addAll(extra);
    if (!differences.isEmpty()) {
      List<String> texts = new ArrayList<>();
      differences.forEach(
          (text, names) -> texts.add(names.isEmpty() ? text : text + ", parameters=" + names));
      throw new CheckpointMismatchException(saved.file(), texts);
    }
  }

  private void leaveWeights(ParameterState of, String reason) {
    if (options.hasWeights()) {
      weightsLeft.put(of.name(), reason);
    }
  }

  /** What a parameter goes on from; tells of all that differs. */
  private ParameterSource source(ParameterState inFile, ParameterState of, ExpectedState state) {
    String name = of.name();
    SequencedMap<String, TensorType> tensors = state.tensors().of(OptionalLong.empty());
    ParameterState source = FormerCodes.withGrids(inFile, tensors.keySet());
    if (saved.optimizer().equals(own.optimizer())) {
      compare("", source.hyperparameters(), of.hyperparameters(), name);
      compareNames(
          "scalars",
          Difference.HYPERPARAMETERS,
          source.scalars().keySet(),
          of.scalars().keySet(),
          name);
    }
    compareNames("state", Difference.OPTIMIZER, FormerCodes.names(source), tensors.keySet(), name);
    String fresh = fresh(source, of, state);
    ParameterState kept = kept(source, of, state.decided(), fresh == null);
    if (fresh == null) {
      tellOfZeros(kept, of, tensors.keySet());
    } else {
      rounded.remove(name);
    }
    return new ParameterSource(name, kept, fresh, weights(source, of, state.weights()));
  }

  /** Why a parameter starts afresh; null if it goes on from the file. */
  private @Nullable String fresh(ParameterState source, ParameterState of, ExpectedState state) {
    String name = of.name();
    if (!source.shape().equals(of.shape())) {
      return otherState("shape", source.shape(), of.shape(), name);
    }
    if (!meaning.isSameKind()) {
      return text("state", "of " + saved.optimizer(), "of " + own.optimizer());
    }
    Set<String> names = state.tensors().of(OptionalLong.empty()).keySet();
    String missing = meaning.missing(source, names).orElse(null);
    if (missing != null) {
      return text(missing, ABSENT, "counted with the rest");
    }
    boolean isPacked = StateMeaning.isSparse(source);
    if (isPacked != state.isPacked()) {
      return otherState("weights with state", which(isPacked), which(state.isPacked()), name);
    }
    StateMeaning.Difference other = meaning.difference(source, of).orElse(null);
    if (other != null) {
      return otherState(other.what(), other.file(), other.optimizer(), name);
    }
    return stateFits(source, state.tensors(), name) ? null : "shape of state";
  }

  private static String which(boolean selected) {
    return selected ? "selected" : "all";
  }

  private String otherState(String what, Object file, Object optimizer, String name) {
    differ(Difference.SHAPES, what, file, optimizer, name);
    return text(what, file, optimizer);
  }

  /** What of a parameter in the file the optimizer takes for what it was. */
  private ParameterState kept(
      ParameterState source, ParameterState of, Set<String> decided, boolean goesOn) {
    boolean keepsDecision = goesOn && saved.optimizer().equals(own.optimizer());
    boolean keepsHistories = meaning.keepsHistories(goesOn) && source.shape().equals(of.shape());
    SequencedMap<String, Double> scalars = new LinkedHashMap<>();
    source
        .scalars()
        .forEach(
            (scalar, value) -> {
              if (decided.contains(scalar) ? keepsDecision : keepsHistories) {
                scalars.put(scalar, value);
              }
            });
    return new ParameterState(
        source.name(),
        source.shape(),
        source.hyperparameters(),
        goesOn ? meaning.counters(source, of) : ParameterState.Counters.NONE,
        source.state(),
        source.mask(),
        scalars);
  }

  private void tellOfZeros(ParameterState kept, ParameterState of, Set<String> tensors) {
    List<String> zero = new ArrayList<>(tensors);
    zero.removeAll(kept.state().keySet());
    of.scalars().keySet().stream()
        .filter(scalar -> !kept.scalars().containsKey(scalar))
        .forEach(zero::add);
    if (!zero.isEmpty()) {
      startedAtZero.put(of.name(), List.copyOf(zero));
    }
  }

  /** The weights to load, which do not depend on what becomes of the state. */
  private @Nullable Tensor weights(ParameterState source, ParameterState of, DType type) {
    if (!options.hasWeights()) {
      return null;
    }
    Tensor weights = saved.weights().get(source.name());
    if (weights == null) {
      differ("weights: not in the file, save them with SaveOptions.withWeights", of.name());
    } else if (weights.dtype() != type) {
      differ(text("weights", weights.dtype(), type), of.name());
    } else if (!source.shape().equals(of.shape())) {
      weightsLeft.put(of.name(), text("shape", source.shape(), of.shape()));
      return null;
    }
    return weights;
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
          rounded
              .computeIfAbsent(name, _ -> new ArrayList<>())
              .add(text(state.getKey(), file, wanted));
        } else {
          differ(text(state.getKey(), file, wanted), name);
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
      String what, Difference kind, Set<String> file, Set<String> optimizer, String name) {
    if (!file.equals(optimizer)) {
      differ(kind, what, file, optimizer, name);
    }
  }

  private void differ(Difference kind, String what, Object file, Object optimizer, String... name) {
    if (!options.allows(kind)) {
      differ(text(what, file, optimizer) + kind.remedy(), name);
    }
  }

  private static String text(String what, Object file, Object optimizer) {
    return "%s: file=%s, optimizer=%s".formatted(what, file, optimizer);
  }

  private void differ(String text, String... name) {
    List<String> names = differences.computeIfAbsent(text, _ -> new ArrayList<>());
    names.addAll(Arrays.asList(name));
  }
}
