package io.spam4j.engine.internal.kernel;

import io.spam4j.engine.decision.UpdateCoefficients;
import io.spam4j.engine.internal.kernel.UpdateForm.Settings;
import io.spam4j.engine.internal.kernel.UpdateForm.Weights;
import io.spam4j.tensors.DType;
import io.spam4j.tensors.internal.simd.VectorMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The copies of the vector update, one for each {@link UpdateForm} that is in use. A copy is a
 * hidden class made from the same class file, with its form as a constant: a form that is not used
 * costs nothing, and none slows down another.
 */
public final class UpdateLoops {
  private static final Map<UpdateForm, UpdateLoop> ALL = new ConcurrentHashMap<>();

  // Of a vector.
  private static final int LEAST_BITS = 64;

  private UpdateLoops() {}

  /** Those of float32 streams. */
  private static final class Floats {
    static final Map<Settings, UpdateLoop> LOOPS = all(Weights.F32);
  }

  /** Those of float32 streams that give changes. */
  private static final class Changes {
    static final Map<Settings, UpdateLoop> LOOPS = all(Weights.ELSEWHERE);
  }

  /** Those of float32 streams for what is unusual. */
  private static final class Spiky {
    static final UpdateLoop[] LOOPS = new UpdateLoop[4];

    static {
      for (Weights weights : List.of(Weights.F32, Weights.ELSEWHERE)) {
        for (Settings settings : List.of(Settings.ANY, Settings.BARE)) {
          var form = new UpdateForm(weights, false, DType.F32, settings);
          LOOPS[index(weights == Weights.ELSEWHERE, settings == Settings.BARE)] =
              copy(SpikyVector.class, form);
        }
      }
    }

    static int index(boolean givesChanges, boolean isBare) {
      return (givesChanges ? 2 : 0) + (isBare ? 1 : 0);
    }
  }

  private static Map<Settings, UpdateLoop> all(Weights weights) {
    Map<Settings, UpdateLoop> loops = new EnumMap<>(Settings.class);
    for (Settings settings : Settings.values()) {
      loops.put(settings, of(new UpdateForm(weights, false, DType.F32, settings)));
    }
    return loops;
  }

  /** Whether as many moments of a type as there are floats in a vector are a vector, too. */
  public static boolean exist(DType moments) {
    long bits = VectorMode.BITS / Float.SIZE * moments.bytes(1) * Byte.SIZE;
    return VectorMode.VECTORS && bits >= LEAST_BITS;
  }

  /** The loop of a form, of which there must be one. */
  public static UpdateLoop of(UpdateForm form) {
    return ALL.computeIfAbsent(form, UpdateLoops::make);
  }

  /** The loop for such operands, which are float32, and coefficients. */
  static UpdateLoop ofFloats(Operands o, UpdateCoefficients c) {
    Map<Settings, UpdateLoop> loops = o.givesChanges ? Changes.LOOPS : Floats.LOOPS;
    return Objects.requireNonNull(loops.get(Settings.of(c)));
  }

  /** The loop for the same where vectors have something unusual, such as spikes. */
  static UpdateLoop ofSpikes(Operands o, UpdateCoefficients c) {
    boolean isBare = Settings.of(c) == Settings.BARE && c.clipAbove == Float.POSITIVE_INFINITY;
    return Spiky.LOOPS[Spiky.index(o.givesChanges, isBare)];
  }

  private static UpdateLoop make(UpdateForm form) {
    if (form.isCodes()) {
      return copy(UpdateCodes.class, form);
    }
    return copy(form.isAllHalves() ? UpdateHalves.class : UpdateVector.class, form);
  }

  private static UpdateLoop copy(Class<? extends UpdateLoop> template, UpdateForm form) {
    try (InputStream file = template.getResourceAsStream(template.getSimpleName() + ".class")) {
      byte[] code = Objects.requireNonNull(file).readAllBytes();
      Lookup copy = MethodHandles.lookup().defineHiddenClassWithClassData(code, form, true);
      return (UpdateLoop) copy.lookupClass().getDeclaredConstructor().newInstance();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the vector update must be copied: form=" + form, e);
    }
  }

  /** The form of a copy, which asks for it when it is initialised. */
  static UpdateForm form(Lookup copy) {
    try {
      return Objects.requireNonNull(MethodHandles.classData(copy, "_", UpdateForm.class));
    } catch (IllegalAccessException e) {
      throw new LinkageError("the form of the vector update must be readable", e);
    }
  }
}
