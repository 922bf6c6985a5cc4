package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spam4j.cuda.Blas.Matrix;
import io.spam4j.cuda.internal.Cublas;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The binding of cuBLAS, against one made of loops. */
@EnabledIf(value = "io.spam4j.cuda.StubCudart#builds", disabledReason = StubCudart.NEEDS)
class BlasTest {
  private StubCudart stub;
  private CudaDevice device;
  private CudaStream stream;
  private Blas blas;

  @BeforeEach
  void open() {
    stub = StubCudart.load();
    device = stub.open(0);
    stream = device.stream();
    blas = Blas.create(stream, new Cublas("stub", stub.symbols()));
  }

  @AfterEach
  void nothingIsLeft() {
    blas.close();
    device.close();
    assertThat(stub.openHandles()).isZero();
  }

  private DeviceBuffer vector(float... values) {
    DeviceBuffer buffer = device.allocate(4L * values.length);
    try (Arena arena = Arena.ofConfined()) {
      stream.upload(arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), buffer);
    }
    return buffer;
  }

  private MemorySegment read(DeviceBuffer buffer) {
    MemorySegment memory = Arena.ofAuto().allocate(buffer.bytes(), 8);
    stream.download(buffer, memory);
    return memory;
  }

  private float[] floats(DeviceBuffer buffer) {
    return read(buffer).toArray(ValueLayout.JAVA_FLOAT);
  }

  @Test
  void vectors() {
    DeviceBuffer x = vector(1, -5, 3, 1);
    DeviceBuffer y = vector(1, 1, 1, 2);
    DeviceBuffer result = vector(0, 0);
    blas.setWorkspace(device.allocate(64));

    blas.nrm2(x, result);
    assertThat(floats(result)[0]).isEqualTo(6);
    blas.asum(x, result);
    assertThat(floats(result)[0]).isEqualTo(10);
    blas.amax(x, result);
    assertThat(read(result).get(ValueLayout.JAVA_LONG, 0)).isEqualTo(2);
    blas.axpy(2, x, y);
    assertThat(floats(y)).containsExactly(3, -9, 7, 4);
    blas.scal(0.5f, y);
    assertThat(floats(y)).containsExactly(1.5f, -4.5f, 3.5f, 2);
  }

  @Test
  void gemm_plainAndTransposed() {
    Matrix a = new Matrix(vector(1, 2, 0, 3, 4, 0, 5, 6, 0), 3, false); // [1 3 5; 2 4 6]
    Matrix b = new Matrix(vector(1, 1, 0, 2, 1, 0), 2, true); // columns (1, 0, 1), (1, 2, 0)
    DeviceBuffer c = vector(1, 1, 1, 1);

    blas.gemm(2, 2, 3, 2, a, b, 1, new Matrix(c, 2, false));
    assertThat(floats(c)).containsExactly(13, 17, 15, 21);
    blas.gemmEx(2, 2, 3, 2, Blas.Type.FLOAT32, a, b, 0, Blas.Type.FLOAT32, new Matrix(c, 2, false));
    assertThat(floats(c)).containsExactly(12, 16, 14, 20);
  }

  @Test
  void gemm_isChecked() {
    Matrix matrix = new Matrix(vector(1, 2, 3, 4), 2, false);

    assertThatThrownBy(() -> blas.gemm(2, 2, 3, 1, matrix, matrix, 0, matrix))
        .hasMessage(
            "a matrix must fit its memory: matrix=a, rows=2, columns=3, leading=2, elements=4");
    assertThatThrownBy(
            () ->
                blas.gemmEx(
                    2, 2, 2, 1, Blas.Type.BFLOAT16, matrix, matrix, 0, Blas.Type.FLOAT32, matrix))
        .isInstanceOf(CudaException.class)
        .hasMessage(
            "cublasGemmEx_64 failed: m=2, n=2, k=2, input=BFLOAT16, output=FLOAT32,"
                + " status=CUBLAS_STATUS_NOT_SUPPORTED(15)");
    DeviceBuffer small = device.allocate(4);
    assertThatThrownBy(() -> blas.amax(matrix.elements(), small))
        .hasMessage("the result must have room: needed=8, bytes=4");
  }

  @Test
  void create_failureLeavesNothing() {
    blas.close();
    for (int call = 1; call <= 2; call++) {
      stub.fail(call, 1);
      assertThatThrownBy(() -> Blas.create(stream, new Cublas("stub", stub.symbols())))
          .isInstanceOf(CudaException.class);
      assertThat(stub.failed()).isTrue();
      assertThat(stub.openHandles()).isEqualTo(1); // the stream
    }
    assertThatThrownBy(() -> blas.scal(1, vector(1)))
        .hasMessage("the BLAS handle must not be closed: device=0");
  }

  @Test
  void load_noLibrary() {
    assertThatThrownBy(() -> Cublas.load("/nowhere/libcublas.so.12", "libcudart.so.12", 12))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage(
            "no libcublas could be loaded: tried=[/nowhere/libcublas.so.12: cannot open shared"
                + " object file: No such file or directory]; install cuBLAS 12, or set"
                + " -Dspam4j.cuda.blas.library=/path/to/libcublas.so.12");
    assertThatThrownBy(() -> Cublas.load("", "libcudart.so.99", 99))
        .hasMessageStartingWith("no libcublas could be loaded: tried=[libcublas.so.99: ");
  }
}
