package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.Cublas;
import io.spam4j.cuda.internal.NativeFunction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Linear algebra on a device by NVIDIA's cuBLAS, of CUDA 12 or newer: optional, and looked for only
 * when it is created. Everything is queued to one stream, with results left in device memory, so
 * that nothing waits and all of it can be captured in a {@link CudaGraph}. Vectors are contiguous
 * and of {@code float}s; a buffer is as many elements as it has room for. Matrices are stored by
 * columns.
 *
 * <p>The property {@code spam4j.cuda.blas.library} names the exact file to load. Without it, the
 * library is looked for beside libcudart and by the dynamic linker, of the same major version.
 */
public final class Blas implements AutoCloseable {
  /** What the elements of a matrix are. */
  public enum Type {
    FLOAT32(0),
    FLOAT16(2),
    BFLOAT16(14);

    private final int code;

    Type(int code) {
      this.code = code;
    }
  }

  /**
   * A matrix stored by columns.
   *
   * @param elements from the first of the first column
   * @param leading elements from one column to the next, at least the rows that are stored
   * @param transposed whether it is used transposed
   */
  public record Matrix(DeviceBuffer elements, long leading, boolean transposed) {}

  private static final int HOST_SCALARS = 0;
  private static final int DEVICE_SCALARS = 1;
  private static final int COMPUTE_32F = 68;
  private static final int DEFAULT_ALGORITHM = -1;
  private static final long ONE_BY_ONE = 1;

  private final DeviceContext context;
  private final CudaStream stream;
  private final Cublas cublas;
  private final Handle handle;

  private Blas(CudaStream stream, Cublas cublas, Handle handle) {
    this.context = stream.context();
    this.stream = stream;
    this.cublas = cublas;
    this.handle = handle;
  }

  /**
   * Creates a handle of cuBLAS that queues to a stream.
   *
   * @throws UnsupportedOperationException if no cuBLAS of the runtime's version can be loaded, with
   *     what was tried
   */
  public static Blas create(CudaStream stream) {
    DeviceContext context = stream.context();
    context.enter();
    int major = context.outInt(context.cudart().runtimeGetVersion) / 1000;
    String library = System.getProperty(Cublas.LIBRARY, "");
    return create(stream, Cublas.load(library, context.cudart().name(), major));
  }

  static Blas create(CudaStream stream, Cublas cublas) {
    DeviceContext context = stream.context();
    context.enter();
    Handle handle =
        new Handle(
            context,
            "BLAS handle",
            context.outPointer(cublas.create, cublas.create::call),
            cublas.destroy);
    try {
      context.check(
          cublas.setStream, cublas.setStream.call(handle.pointer(), stream.handle().pointer()));
    } catch (CudaException e) {
      CloseFailures.closeAfter(e, handle::close);
      throw e;
    }
    return new Blas(stream, cublas, handle);
  }

  /** Begins a group of calls. */
  private MemorySegment enter(int scalars) {
    context.enter();
    stream.handle().pointer();
    MemorySegment blas = handle.pointer();
    context.check(cublas.setPointerMode, cublas.setPointerMode.call(blas, scalars));
    return blas;
  }

  /**
   * Gives cuBLAS memory to work with, instead of its own: needed before a capture, since each
   * capture would otherwise take more.
   *
   * @param workspace stays open as long as this handle; 4 MiB are enough, 32 MiB on Hopper and
   *     newer
   */
  public void setWorkspace(DeviceBuffer workspace) {
    MemorySegment blas = enter(HOST_SCALARS);
    context.check(
        cublas.setWorkspace,
        cublas.setWorkspace.call(blas, workspace.pointer(), workspace.bytes()),
        "bytes",
        workspace.bytes());
  }

  /** Queues {@code result = sqrt(sum x_i^2)}, one float. */
  public void nrm2(DeviceBuffer x, DeviceBuffer result) {
    reduce(cublas.nrm2, x, result, Float.BYTES);
  }

  /** Queues {@code result = sum |x_i|}, one float. */
  public void asum(DeviceBuffer x, DeviceBuffer result) {
    reduce(cublas.asum, x, result, Float.BYTES);
  }

  /** Queues {@code result =} the index of the first largest {@code |x_i|}, from 1; one long. */
  public void amax(DeviceBuffer x, DeviceBuffer result) {
    reduce(cublas.amax, x, result, Long.BYTES);
  }

  private void reduce(NativeFunction function, DeviceBuffer x, DeviceBuffer result, long bytes) {
    if (result.bytes() < bytes) {
      throw new IllegalArgumentException(
          "the result must have room: needed=" + bytes + ", bytes=" + result.bytes());
    }
    long n = elements(x);
    MemorySegment blas = enter(DEVICE_SCALARS);
    context.check(
        function, function.call(blas, n, stream.use(x), ONE_BY_ONE, stream.use(result)), "n", n);
  }

  /** Queues {@code x = alpha x}. */
  public void scal(float alpha, DeviceBuffer x) {
    long n = elements(x);
    MemorySegment blas = enter(HOST_SCALARS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scalar = arena.allocateFrom(ValueLayout.JAVA_FLOAT, alpha);
      context.check(
          cublas.scal, cublas.scal.call(blas, n, scalar, stream.use(x), ONE_BY_ONE), "n", n);
    }
  }

  /** Queues {@code y = alpha x + y}, for vectors of one size. */
  public void axpy(float alpha, DeviceBuffer x, DeviceBuffer y) {
    if (x.bytes() != y.bytes()) {
      throw new IllegalArgumentException(
          "both vectors must be of one size: x=" + x.bytes() + ", y=" + y.bytes());
    }
    long n = elements(x);
    MemorySegment blas = enter(HOST_SCALARS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scalar = arena.allocateFrom(ValueLayout.JAVA_FLOAT, alpha);
      context.check(
          cublas.axpy,
          cublas.axpy.call(blas, n, scalar, stream.use(x), ONE_BY_ONE, stream.use(y), ONE_BY_ONE),
          "n",
          n);
    }
  }

  /**
   * Queues {@code C = alpha A B + beta C} of floats.
   *
   * @param m rows of A, as it is used, and of C
   * @param n columns of B, as it is used, and of C
   * @param k columns of A and rows of B, as they are used
   * @param c never transposed
   */
  public void gemm(long m, long n, long k, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
    check(m, n, k, a, b, c, Float.BYTES, Float.BYTES);
    MemorySegment blas = enter(HOST_SCALARS);
    try (Arena arena = Arena.ofConfined()) {
      context.check(
          cublas.gemm,
          cublas.gemm.call(
              blas,
              operation(a),
              operation(b),
              m,
              n,
              k,
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, alpha),
              stream.use(a.elements()),
              a.leading(),
              stream.use(b.elements()),
              b.leading(),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, beta),
              stream.use(c.elements()),
              c.leading()),
          "m",
          m,
          "n",
          n,
          "k",
          k);
    }
  }

  /**
   * Queues {@code C = alpha A B + beta C}, summed in floats, of elements of other types.
   *
   * @param input of A and B
   * @param output of C
   */
  public void gemmEx(
      long m,
      long n,
      long k,
      float alpha,
      Type input,
      Matrix a,
      Matrix b,
      float beta,
      Type output,
      Matrix c) {
    check(m, n, k, a, b, c, bytes(input), bytes(output));
    MemorySegment blas = enter(HOST_SCALARS);
    try (Arena arena = Arena.ofConfined()) {
      context.check(
          cublas.gemmEx,
          cublas.gemmEx.call(
              blas,
              operation(a),
              operation(b),
              m,
              n,
              k,
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, alpha),
              stream.use(a.elements()),
              input.code,
              a.leading(),
              stream.use(b.elements()),
              input.code,
              b.leading(),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, beta),
              stream.use(c.elements()),
              output.code,
              c.leading(),
              COMPUTE_32F,
              DEFAULT_ALGORITHM),
          "m",
          m,
          "n",
          n,
          "k",
          k,
          "input",
          input,
          "output",
          output);
    }
  }

  private static void check(
      long m, long n, long k, Matrix a, Matrix b, Matrix c, int inputBytes, int outputBytes) {
    if (c.transposed()) {
      throw new IllegalArgumentException("the result must not be transposed: c=" + c);
    }
    check("a", a, m, k, inputBytes);
    check("b", b, k, n, inputBytes);
    check("c", c, m, n, outputBytes);
  }

  private static void check(String name, Matrix matrix, long rows, long columns, int bytes) {
    long stored = matrix.transposed() ? columns : rows;
    long others = matrix.transposed() ? rows : columns;
    long room = matrix.elements().bytes() / bytes;
    if (rows < 1
        || columns < 1
        || matrix.leading() < stored
        || Math.addExact(Math.multiplyExact(matrix.leading(), others - 1), stored) > room) {
      throw new IllegalArgumentException(
          "a matrix must fit its memory: matrix="
              + name
              + ", rows="
              + rows
              + ", columns="
              + columns
              + ", leading="
              + matrix.leading()
              + ", elements="
              + room);
    }
  }

  private static int operation(Matrix matrix) {
    return matrix.transposed() ? 1 : 0;
  }

  private static int bytes(Type type) {
    return type == Type.FLOAT32 ? Float.BYTES : Short.BYTES;
  }

  private static long elements(DeviceBuffer vector) {
    return vector.bytes() / Float.BYTES;
  }

  /** Ends cuBLAS for this stream; harmless if closed already. */
  @Override
  public void close() {
    handle.close();
  }
}
