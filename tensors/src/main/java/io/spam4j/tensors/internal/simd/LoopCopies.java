package io.spam4j.tensors.internal.simd;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.Objects;

/**
 * Copies of a vector loop, each with a constant of its own that the compiler knows: hidden classes
 * made from one class file.
 */
public final class LoopCopies {
  private LoopCopies() {}

  /**
   * Makes a copy.
   *
   * @param lookup of a class in the package of the template
   * @param template final, with a constructor that takes nothing
   * @param constant what {@link #constant} gives the copy
   */
  public static <T> T of(Lookup lookup, Class<? extends T> template, Object constant) {
    try (InputStream file = template.getResourceAsStream(template.getSimpleName() + ".class")) {
      byte[] code = Objects.requireNonNull(file).readAllBytes();
      Lookup copy = lookup.defineHiddenClassWithClassData(code, constant, true);
      Object made =
          copy.findConstructor(copy.lookupClass(), MethodType.methodType(void.class)).invoke();
      @SuppressWarnings("unchecked") // it has the supertypes of the template
      T loop = (T) made;
      return loop;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) { // a constructor can throw what Java does not declare
      throw new LinkageError("a vector loop must be copied: constant=" + constant, e);
    }
  }

  /** The constant of a copy, which asks for it when it is initialised. */
  public static <C> C constant(Lookup copy, Class<C> type) {
    try {
      return Objects.requireNonNull(MethodHandles.classData(copy, "_", type));
    } catch (IllegalAccessException e) {
      throw new LinkageError("the constant of a vector loop must be readable", e);
    }
  }
}
