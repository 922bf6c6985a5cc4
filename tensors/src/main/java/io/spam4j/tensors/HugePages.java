package io.spam4j.tensors;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import java.util.Optional;

/**
 * Huge pages of Linux for large tensors. A step over gigabytes touches a new page of 4 KiB every
 * 1024 weights and stream; pages of 2 MiB cost fewer misses of the processor's address cache.
 *
 * <p>{@link Tensor#allocate}, and so the state of optimizers, asks for them from 4 MiB on, where
 * Java was started with {@code --enable-native-access} and the property {@code spam4j.hugePages} is
 * not {@code false}. Memory from elsewhere can be given to {@link #advise}; without native access
 * the JVM prints a warning then.
 */
public final class HugePages {
  /** Bytes of a huge page, on x86-64 and usually on other processors. */
  public static final long BYTES = 2 << 20;

  /** The property that keeps large tensors in usual pages if it is {@code false}. */
  public static final String PROPERTY = "spam4j.hugePages";

  /** Smaller memory would have a large part of its pages at its ends. */
  private static final long LEAST = 2 * BYTES;

  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_COLLAPSE = 25; // Linux 6.1: now, and also pages in use

  private HugePages() {}

  /** Found when it is first needed. */
  private static final class Native {
    static final Optional<MethodHandle> MADVISE = find();

    @SuppressWarnings("restricted") // madvise has this signature on every Linux of 64 bits.
    private static Optional<MethodHandle> find() {
      if (!System.getProperty("os.name").equals("Linux")) {
        return Optional.empty();
      }
      Linker linker = Linker.nativeLinker();
      var signature =
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT);
      return linker
          .defaultLookup()
          .find("madvise")
          .map(address -> linker.downcallHandle(address, signature));
    }
  }

  /** Asks for huge pages for memory that is large enough, if that is wanted and can be done. */
  static void adviseIfLarge(MemorySegment memory) {
    if (memory.byteSize() >= LEAST && isWanted()) {
      boolean _ = advise(memory); // usual pages do as well, a little slower
    }
  }

  private static boolean isWanted() {
    return !System.getProperty(PROPERTY, "true").equals("false")
        && HugePages.class.getModule().isNativeAccessEnabled();
  }

  /**
   * Asks for huge pages for the whole ones that lie in this memory, and to move there what lies in
   * it now. The contents stay as they are.
   *
   * @param memory outside the heap, such as {@link Tensor#memory} of weights, gradients or state
   * @return whether the system did it; not where it has no huge pages, has too few, or is too old
   *     (before Linux 6.1), nor for memory without a whole huge page
   * @throws IllegalArgumentException if the memory is on the heap
   * @throws IllegalStateException if it has been freed
   */
  public static boolean advise(MemorySegment memory) {
    Objects.requireNonNull(memory, "memory must not be null");
    if (!memory.isNative()) {
      throw new IllegalArgumentException(
          "huge pages need memory outside the heap: memory=" + memory);
    }
    long start = (memory.address() + BYTES - 1) / BYTES * BYTES;
    long end = (memory.address() + memory.byteSize()) / BYTES * BYTES;
    if (end <= start || Native.MADVISE.isEmpty()) {
      return false;
    }
    MemorySegment pages = memory.asSlice(start - memory.address(), end - start);
    return advise(pages, MADV_HUGEPAGE) && advise(pages, MADV_COLLAPSE);
  }

  private static boolean advise(MemorySegment pages, int advice) {
    try {
      return (int) Native.MADVISE.orElseThrow().invokeExact(pages, pages.byteSize(), advice) == 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) { // invokeExact declares it
      throw new AssertionError("a call of C cannot throw a checked exception", e);
    }
  }
}
