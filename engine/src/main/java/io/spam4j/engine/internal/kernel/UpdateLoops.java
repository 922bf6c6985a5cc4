package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.internal.simd.LoopCopies;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The copies of the vector update, one for each {@link UpdateForm} that is in use. A copy is a
 * hidden class made from the same class file, with its form as a constant: a form that is not used
 * costs nothing, and none slows down another. Each is made and compiled in the background when it
 * is first asked for.
 */
public final class UpdateLoops {
  private static final Map<UpdateForm, WarmLoop> ALL = new ConcurrentHashMap<>();

  /** Those of selected lines: finding them here makes no garbage. */
  private static final Map<Settings, AtomicReferenceArray<@Nullable WarmLoop>> LINES =
      new EnumMap<>(Settings.class);

  static {
    for (Settings settings : Settings.values()) {
      LINES.put(settings, new AtomicReferenceArray<>(Integer.SIZE)); // by the bits of a line
    }
  }

  // Of a vector.
  private static final int LEAST_BITS = 64;

  private UpdateLoops() {}

  private static final Map<Settings, WarmLoop> FLOATS = ofFloats(Weights.F32);

  /** Those of float32 streams that give changes. */
  private static final Map<Settings, WarmLoop> CHANGES = ofFloats(Weights.ELSEWHERE);

  /** Those of float32 streams for what is unusual. */
  private static final WarmLoop[] SPIKY = {
    spiky(Weights.F32, Settings.ANY),
    spiky(Weights.F32, Settings.BARE),
    spiky(Weights.ELSEWHERE, Settings.ANY),
    spiky(Weights.ELSEWHERE, Settings.BARE)
  };

  private static Map<Settings, WarmLoop> ofFloats(Weights weights) {
    Map<Settings, WarmLoop> loops = new EnumMap<>(Settings.class);
    for (Settings settings : Settings.values()) {
      loops.put(settings, of(new UpdateForm(weights, false, DType.F32, settings)));
    }
    return loops;
  }

  private static WarmLoop spiky(Weights weights, Settings settings) {
    var form = new UpdateForm(weights, false, DType.F32, settings);
    return new WarmLoop("spikes, " + form, () -> copy(SpikyVector.class, form), settings);
  }

  /** Whether as many moments of a type as there are floats in a vector are a vector, too. */
  public static boolean exist(DType moments) {
    long bits = VectorMode.BITS / Float.SIZE * moments.bytes(1) * Byte.SIZE;
    return VectorMode.VECTORS && bits >= LEAST_BITS;
  }

  /** The loop of a form, of which there must be one. */
  public static WarmLoop of(UpdateForm form) {
    return ALL.computeIfAbsent(form, UpdateLoops::make);
  }

  /** The loop for such operands, which are float32, and coefficients; null if not yet. */
  static @Nullable UpdateLoop ofFloats(Operands o, UpdateCoefficients c) {
    Map<Settings, WarmLoop> loops = o.givesChanges ? CHANGES : FLOATS;
    return Objects.requireNonNull(loops.get(Settings.of(c))).get();
  }

  /**
   * The loop for the same where vectors have something unusual, such as spikes; null if not yet.
   */
  static @Nullable UpdateLoop ofSpikes(Operands o, UpdateCoefficients c) {
    boolean isBare = Settings.of(c) == Settings.BARE && c.clipAbove == Float.POSITIVE_INFINITY;
    return SPIKY[(o.givesChanges ? 2 : 0) + (isBare ? 1 : 0)].get();
  }

  /** The loop for float32 in selected lines of so many weights. */
  public static WarmLoop ofLines(Settings settings, int line) {
    AtomicReferenceArray<@Nullable WarmLoop> known = Objects.requireNonNull(LINES.get(settings));
    int bits = Integer.numberOfTrailingZeros(line);
    WarmLoop loop = known.get(bits);
    if (loop == null) {
      loop = of(new UpdateForm(Weights.F32, false, DType.F32, settings, line));
      known.set(bits, loop);
    }
    return loop;
  }

  private static WarmLoop make(UpdateForm form) {
    Class<? extends UpdateLoop> template =
        form.isCodes()
            ? UpdateCodes.class
            : form.isAllHalves() ? UpdateHalves.class : UpdateVector.class;
    return new WarmLoop(form.toString(), () -> copy(template, form), form.settings());
  }

  private static UpdateLoop copy(Class<? extends UpdateLoop> template, UpdateForm form) {
    return LoopCopies.of(MethodHandles.lookup(), template, form);
  }

  /** The form of a copy, which asks for it when it is initialised. */
  static UpdateForm form(Lookup copy) {
    return LoopCopies.constant(copy, UpdateForm.class);
  }
}
