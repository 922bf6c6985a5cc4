package io.spam4j.engine.kernel;

import io.spam4j.engine.kernel.UpdateForm.Moments;
import io.spam4j.engine.kernel.UpdateForm.Weights;
import io.spam4j.tensors.simd.VectorMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The copies of the vector update that weights and moments of some formats need. A copy is a hidden
 * class made from the same class file, with its {@link UpdateForm} as a constant: a form that is
 * not used costs nothing, and none slows down another.
 */
public final class UpdateLoops {
  private static final Map<UpdateForm, UpdateLoop> ALL = new ConcurrentHashMap<>();

  private final Weights weights;
  private final Moments moments;
  private final @Nullable UpdateLoop[] loops = new UpdateLoop[4]; // by gradient and settings

  private UpdateLoops(Weights weights, Moments moments) {
    this.weights = weights;
    this.moments = moments;
  }

  /** Of weights and moments in these formats. */
  public static UpdateLoops of(Weights weights, Moments moments) {
    return new UpdateLoops(weights, moments);
  }

  /** Whether there are loops for moments in such a format: vectors, long enough for its codes. */
  public static boolean exist(Moments moments) {
    return VectorMode.VECTORS && (moments != Moments.INT8 || VectorMode.BITS >= 256);
  }

  /** The loop for a step with these coefficients. */
  public UpdateLoop of(boolean halfGradient, UpdateCoefficients c) {
    boolean plain = Usual.isPlain(c);
    int at = (halfGradient ? 2 : 0) + (plain ? 1 : 0);
    UpdateLoop loop = loops[at];
    if (loop == null) {
      loop =
          ALL.computeIfAbsent(
              new UpdateForm(weights, halfGradient, moments, plain), UpdateLoops::make);
      loops[at] = loop;
    }
    return loop;
  }

  private static UpdateLoop make(UpdateForm form) {
    Class<?> template = form.isAllHalves() ? UpdateHalves.class : UpdateVector.class;
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
      UpdateForm form = MethodHandles.classData(copy, "_", UpdateForm.class);
      return form == null ? new UpdateForm(Weights.F32, false, Moments.F32, false) : form;
    } catch (IllegalAccessException e) {
      throw new LinkageError("the form of the vector update must be readable", e);
    }
  }
}
