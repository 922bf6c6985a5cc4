package io.spam4j.cuda.internal;

import java.io.File;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.List;

/**
 * The functions of cuBLAS that are called: those with 64-bit sizes, which there are since CUDA
 * 12.0.
 */
public final class Cublas extends NativeLibrary {
  /** The exact file to load. */
  public static final String LIBRARY = "spam4j.cuda.blas.library";

  /* cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) */
  public final NativeFunction create = function("cublasCreate_v2", "4.0", POINTER);
  /* cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) */
  public final NativeFunction destroy = function("cublasDestroy_v2", "4.0", POINTER);
  /* cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t streamId) */
  public final NativeFunction setStream = function("cublasSetStream_v2", "4.0", POINTER, POINTER);
  /* cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) */
  public final NativeFunction setPointerMode =
      function("cublasSetPointerMode_v2", "4.0", POINTER, INT);
  /* cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace,
  size_t workspaceSizeInBytes) */
  public final NativeFunction setWorkspace =
      function("cublasSetWorkspace_v2", "11.2", POINTER, POINTER, LONG);
  /* cublasStatus_t cublasSnrm2_v2_64(cublasHandle_t handle, int64_t n, const float *x,
  int64_t incx, float *result) */
  public final NativeFunction nrm2 =
      function("cublasSnrm2_v2_64", "12.0", POINTER, LONG, POINTER, LONG, POINTER);
  /* cublasStatus_t cublasIsamax_v2_64(cublasHandle_t handle, int64_t n, const float *x,
  int64_t incx, int64_t *result) */
  public final NativeFunction amax =
      function("cublasIsamax_v2_64", "12.0", POINTER, LONG, POINTER, LONG, POINTER);
  /* cublasStatus_t cublasSasum_v2_64(cublasHandle_t handle, int64_t n, const float *x,
  int64_t incx, float *result) */
  public final NativeFunction asum =
      function("cublasSasum_v2_64", "12.0", POINTER, LONG, POINTER, LONG, POINTER);
  /* cublasStatus_t cublasSscal_v2_64(cublasHandle_t handle, int64_t n, const float *alpha,
  float *x, int64_t incx) */
  public final NativeFunction scal =
      function("cublasSscal_v2_64", "12.0", POINTER, LONG, POINTER, POINTER, LONG);
  /* cublasStatus_t cublasSaxpy_v2_64(cublasHandle_t handle, int64_t n, const float *alpha,
  const float *x, int64_t incx, float *y, int64_t incy) */
  public final NativeFunction axpy =
      function("cublasSaxpy_v2_64", "12.0", POINTER, LONG, POINTER, POINTER, LONG, POINTER, LONG);
  /* cublasStatus_t cublasSgemm_v2_64(cublasHandle_t handle, cublasOperation_t transa,
  cublasOperation_t transb, int64_t m, int64_t n, int64_t k, const float *alpha, const float *A,
  int64_t lda, const float *B, int64_t ldb, const float *beta, float *C, int64_t ldc) */
  public final NativeFunction gemm =
      function(
          "cublasSgemm_v2_64",
          "12.0",
          POINTER,
          INT,
          INT,
          LONG,
          LONG,
          LONG,
          POINTER,
          POINTER,
          LONG,
          POINTER,
          LONG,
          POINTER,
          POINTER,
          LONG);
  /* cublasStatus_t cublasGemmEx_64(cublasHandle_t handle, cublasOperation_t transa,
  cublasOperation_t transb, int64_t m, int64_t n, int64_t k, const void *alpha, const void *A,
  cudaDataType Atype, int64_t lda, const void *B, cudaDataType Btype, int64_t ldb,
  const void *beta, void *C, cudaDataType Ctype, int64_t ldc, cublasComputeType_t computeType,
  cublasGemmAlgo_t algo) */
  public final NativeFunction gemmEx =
      function(
          "cublasGemmEx_64",
          "12.0",
          POINTER,
          INT,
          INT,
          LONG,
          LONG,
          LONG,
          POINTER,
          POINTER,
          INT,
          LONG,
          POINTER,
          INT,
          LONG,
          POINTER,
          POINTER,
          INT,
          LONG,
          INT,
          INT);

  public Cublas(String name, SymbolLookup symbols) {
    super(name, symbols);
  }

  /**
   * Loads the cuBLAS of the CUDA that the runtime is of: the file that the property names, or else
   * the one beside the runtime, or else what the dynamic linker finds.
   *
   * @param library the property, empty if not set
   * @param runtime the path or soname of libcudart
   * @param major the runtime's version
   * @throws UnsupportedOperationException if there is none, with everything that was tried
   */
  public static Cublas load(String library, String runtime, int major) {
    String soname = "libcublas.so." + major;
    List<String> names = new ArrayList<>();
    if (!library.isEmpty()) {
      names.add(library);
    } else {
      File beside = new File(new File(runtime).getParentFile(), soname);
      if (beside.isFile()) {
        names.add(beside.getPath());
      }
      names.add(soname);
    }
    DynamicLinker linker = DynamicLinker.ofThisProcess();
    List<String> tried = new ArrayList<>();
    for (String name : names) {
      switch (linker.open(name)) {
        case DynamicLinker.Result.Opened(var symbols) -> {
          return new Cublas(name, symbols);
        }
        case DynamicLinker.Result.Failed(String reason) -> tried.add(reason);
      }
    }
    throw new UnsupportedOperationException(
        "no libcublas could be loaded: tried="
            + tried
            + "; install cuBLAS "
            + major
            + ", or set -D"
            + LIBRARY
            + "=/path/to/"
            + soname);
  }

  @Override
  public String statusText(int status) {
    String name =
        switch (status) {
          case 1 -> "NOT_INITIALIZED";
          case 3 -> "ALLOC_FAILED";
          case 7 -> "INVALID_VALUE";
          case 8 -> "ARCH_MISMATCH";
          case 11 -> "MAPPING_ERROR";
          case 13 -> "EXECUTION_FAILED";
          case 14 -> "INTERNAL_ERROR";
          case 15 -> "NOT_SUPPORTED";
          case 16 -> "LICENSE_ERROR";
          default -> "UNKNOWN";
        };
    return "CUBLAS_STATUS_" + name + "(" + status + ")";
  }
}
