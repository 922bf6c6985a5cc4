package io.spam4j.cuda.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/** One function of a library, bound at its first call. */
public final class NativeFunction {
  private static final MethodType SPREAD = MethodType.methodType(Object.class, Object[].class);

  private final NativeLibrary library;
  private final String name;
  private final String since;
  private final FunctionDescriptor type;

  /** Immutable, so that two threads may bind it twice. */
  private @Nullable MethodHandle bound;

  /**
   * A function that nothing has been asked about yet.
   *
   * @param since the first version of CUDA that has it
   */
  NativeFunction(NativeLibrary library, String name, String since, FunctionDescriptor type) {
    this.library = library;
    this.name = name;
    this.since = since;
    this.type = type;
  }

  public String name() {
    return name;
  }

  /** The C signature. */
  public FunctionDescriptor type() {
    return type;
  }

  public NativeLibrary library() {
    return library;
  }

  /**
   * Calls it; the status must be checked.
   *
   * @param arguments of exactly the types of the signature; structures by value
   * @throws UnsupportedOperationException if the library does not have it
   */
  public int call(@Nullable Object... arguments) {
    return (int) invoke(arguments);
  }

  /** Calls it, and copies the C string it returns; {@code "(none)"} for a null pointer. */
  public String callForText(@Nullable Object... arguments) {
    return DynamicLinker.string((MemorySegment) invoke(arguments));
  }

  private Object invoke(@Nullable Object[] arguments) {
    MethodHandle handle = handle();
    try {
      return (Object) handle.invokeExact(arguments);
    } catch (Throwable t) { // invokeExact declares it; it is thrown on as it is
      throw DynamicLinker.rethrown(t);
    }
  }

  private MethodHandle handle() {
    MethodHandle handle = bound;
    if (handle == null) {
      handle = bind();
      bound = handle;
    }
    return handle;
  }

  /* Never Linker.Option.critical: a call that blocks would hold up the garbage collector. A call
  costs some ten nanoseconds more for the array of its arguments; the launch of a kernel takes
  microseconds. */
  @SuppressWarnings("restricted") // The signatures stand beside the functions.
  private MethodHandle bind() {
    MemorySegment address =
        library
            .symbols()
            .find(name)
            .orElseThrow(
                () ->
                    new UnsupportedOperationException(
                        name
                            + " must be in the library: library="
                            + library.name()
                            + ", since=CUDA "
                            + since));
    MethodHandle handle = Linker.nativeLinker().downcallHandle(address, type);
    return handle.asSpreader(Object[].class, type.argumentLayouts().size()).asType(SPREAD);
  }
}
