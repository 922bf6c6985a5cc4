package io.spam4j.cuda.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** How functions are bound and called, with a runtime of Java methods. */
class CudartTest {
  @Test
  void function_isBoundAtItsFirstCall() {
    JavaLibrary symbols = new JavaLibrary().with("cudaFree", 0, 1).withErrorNames();

    Cudart cudart = symbols.cudart();
    assertThat(symbols.lookups()).isEmpty();
    MemorySegment out = Arena.global().allocate(4);
    assertThat(cudart.free.call(out)).isZero();
    assertThat(cudart.free.call(out)).isZero();

    assertThat(symbols.lookups()).containsExactly("cudaFree");
    assertThat(out.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
  }

  @Test
  void function_missing() {
    Cudart cudart = new JavaLibrary().cudart();

    assertThatThrownBy(() -> cudart.libraryUnload.call(MemorySegment.NULL))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("cudaLibraryUnload must be in the library: library=lib, since=CUDA 12.8");
  }

  @Test
  void function_argumentsOfAnotherType() {
    Cudart cudart = new JavaLibrary().with("cudaFree", 0, 1).cudart();

    assertThatThrownBy(() -> cudart.free.call("text")).isInstanceOf(ClassCastException.class);
    assertThatThrownBy(() -> cudart.free.call()).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void statusText_knownUnknownAndNameless() {
    Cudart cudart = new JavaLibrary().withErrorNames().cudart();

    assertThat(cudart.statusText(2)).isEqualTo("cudaErrorMemoryAllocation(2)");
    assertThat(cudart.statusText(12345)).isEqualTo("cudaErrorOfTheFuture(12345)");
    assertThat(cudart.statusText(-1)).isEqualTo("(none)(-1)");
  }

  @Test
  void rethrown_ourOwnErrorsAreNotHidden() {
    for (Throwable failure :
        new Throwable[] {new StackOverflowError(), new WrongThreadException()}) {
      assertThatThrownBy(() -> DynamicLinker.rethrown(failure)).isSameAs(failure);
    }
  }

  @Test
  void isSticky_whatTheContextDoesNotSurvive() {
    assertThat(CudaStatus.isSticky(700)).isTrue();
    assertThat(CudaStatus.isSticky(719)).isTrue();
    assertThat(CudaStatus.isSticky(999)).isTrue();
    assertThat(CudaStatus.isSticky(2)).isFalse();
    assertThat(CudaStatus.isSticky(701)).isFalse();
    assertThat(CudaStatus.isSticky(12345)).isFalse();
  }
}
