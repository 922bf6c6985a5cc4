package io.spam4j.examples.inspect;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.spam4j.tensors.DType;
import io.spam4j.tensors.Tensor;
import io.spam4j.tensors.TensorStatistics;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What there is to say of one tensor. The last three are null for types other than F64, F32, F16
 * and BF16.
 *
 * @param name in the file
 * @param norm the Euclidean norm of the finite elements
 * @param largest the largest magnitude of a finite element; 0 if there is none
 * @param nonFinite how many elements are NaN or Inf
 */
record TensorSummary(
    String name,
    String dtype,
    List<Long> shape,
    long bytes,
    @Nullable Double norm,
    @Nullable Double largest,
    @Nullable Long nonFinite) {

  /** Reads the whole tensor. */
  static TensorSummary of(String name, Tensor tensor) {
    return switch (tensor.dtype()) {
      case F32 -> {
        TensorStatistics measured = TensorStatistics.of(tensor);
        yield of(name, tensor, measured.norm(), measured.maxAbs(), measured.nonFinite());
      }
      case F64, F16, BF16 -> measured(name, tensor);
      default -> of(name, tensor, null, null, null);
    };
  }

  private static TensorSummary of(
      String name,
      Tensor tensor,
      @Nullable Double norm,
      @Nullable Double largest,
      @Nullable Long nonFinite) {
    List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
    return new TensorSummary(
        name, tensor.dtype().name(), shape, tensor.bytes(), norm, largest, nonFinite);
  }

  private static TensorSummary measured(String name, Tensor tensor) {
    double largest = 0;
    long nonFinite = 0;
    for (long i = 0; i < tensor.elements(); i++) {
      double value = Math.abs(element(tensor.memory(), tensor.dtype(), i));
      if (Double.isFinite(value)) {
        largest = Math.max(largest, value);
      } else {
        nonFinite++;
      }
    }
    double sum = 0; // of squares of what is at most 1: squares of an F64 may leave its range
    for (long i = 0; largest > 0 && i < tensor.elements(); i++) {
      double share = element(tensor.memory(), tensor.dtype(), i) / largest;
      sum += Double.isFinite(share) ? share * share : 0;
    }
    return of(name, tensor, largest * Math.sqrt(sum), largest, nonFinite);
  }

  private static double element(MemorySegment memory, DType dtype, long i) {
    if (dtype == DType.F64) {
      return memory.get(JAVA_DOUBLE_UNALIGNED, i * Double.BYTES);
    }
    short bits = memory.get(JAVA_SHORT_UNALIGNED, i * Short.BYTES);
    return dtype == DType.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
  }
}
