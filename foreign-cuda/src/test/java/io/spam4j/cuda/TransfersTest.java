package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.spam4j.cuda.internal.CudaDriver;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Copies, kernels and graphs, against a library that does them at once. */
@EnabledIf(value = "io.spam4j.cuda.StubCudart#builds", disabledReason = StubCudart.NEEDS)
class TransfersTest {
  private StubCudart stub;
  private CudaDevice device;
  private CudaStream stream;

  @BeforeEach
  void open() {
    stub = StubCudart.load();
    device = stub.open(0);
    stream = device.stream();
    stub.calls();
  }

  @AfterEach
  void nothingIsLeft() {
    device.close();
    assertThat(device.context().openCount()).isZero();
    if (!device.context().isLost()) {
      assertThat(stub.openHandles()).isZero();
    }
  }

  private float[] read(DeviceBuffer buffer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(buffer.bytes(), 4);
      stream.download(buffer, memory);
      return memory.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void copies_carryTheBytes() {
    try (DeviceBuffer from = device.allocate(16);
        DeviceBuffer to = device.allocate(16);
        PinnedBuffer pinned = device.allocatePinned(24)) {
      pinned.segment().copyFrom(MemorySegment.ofArray(new float[] {9, 1, 2, 3, 4, 9}));
      stream.upload(pinned, 4, from);
      stream.fill(to, (byte) 0);
      stream.copy(from.slice(4, 8), to.slice(8, 8));
      stream.download(to, pinned, 8);
      pinned.await();

      assertThat(read(from)).containsExactly(1, 2, 3, 4);
      assertThat(read(to)).containsExactly(0, 0, 2, 3);
      assertThat(pinned.segment().toArray(ValueLayout.JAVA_FLOAT))
          .containsExactly(9, 1, 0, 0, 2, 3);
    }
  }

  @Test
  void foreignStream_isUsedAndLeft() {
    try (DeviceBuffer buffer = device.allocate(4)) {
      CudaStream wrapped = device.stream(stream.handle().pointer().address());
      wrapped.fill(buffer, (byte) 0);
      wrapped.synchronize();
      stub.calls();
      wrapped.close();
      assertThat(stub.calls()).isEmpty();
      assertThatThrownBy(wrapped::synchronize)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the stream must not be closed: device=0");
      assertThat(read(buffer)).containsExactly(0);
    }
  }

  @Test
  void copies_areChecked() {
    try (DeviceBuffer buffer = device.allocate(16);
        PinnedBuffer pinned = device.allocatePinned(16)) {
      MemorySegment heap = MemorySegment.ofArray(new float[4]);
      MemorySegment small = Arena.ofAuto().allocate(12);
      MemorySegment fixed = Arena.ofAuto().allocate(16).asReadOnly();
      DeviceBuffer part = buffer.slice(0, 8);

      assertThatThrownBy(() -> stream.upload(heap, buffer))
          .hasMessage(
              "a device copies native memory only: memory="
                  + heap
                  + "; copy it to a native segment");
      assertThatThrownBy(() -> stream.upload(small, buffer))
          .hasMessage("both sides of a copy must be of one size: host=12, device=16");
      assertThatThrownBy(() -> stream.download(buffer, fixed))
          .hasMessage("a download must go to writable memory: to=" + fixed);
      assertThatThrownBy(() -> stream.copy(part, buffer))
          .hasMessage("both sides of a copy must be of one size: from=8, to=16");
      assertThatThrownBy(() -> stream.upload(pinned, 4, buffer))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> buffer.slice(8, 9)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> device.allocate(0))
          .hasMessage("a buffer must have at least one byte: bytes=0");
      assertThatThrownBy(() -> device.allocatePinned(-1))
          .hasMessage("a buffer must have at least one byte: bytes=-1");
      assertThatThrownBy(() -> DeviceBuffer.of(0, 1))
          .hasMessage("foreign memory must have an address and a size: address=0, bytes=1");
      assertThat(stub.calls()).isEqualTo("cudaMalloc cudaHostAlloc");
    }
  }

  @Test
  void pinned_closeWaitsForTheLastCopyOfEachStream() {
    try (CudaStream second = device.stream();
        DeviceBuffer buffer = device.allocate(8)) {
      PinnedBuffer pinned = device.allocatePinned(8);
      stream.upload(pinned, 0, buffer);
      stream.upload(pinned, 0, buffer);
      second.download(buffer, pinned, 0);
      stub.pending(true);
      assertThat(pinned.isIdle()).isFalse();
      stub.pending(false);
      assertThat(pinned.isIdle()).isTrue();
      stub.calls();

      pinned.close();

      assertThat(stub.calls())
          .isEqualTo(
              "cudaEventSynchronize cudaEventSynchronize cudaEventDestroy cudaEventDestroy"
                  + " cudaFreeHost");
    }
  }

  @Test
  void pinned_copyWithoutAMarkIsWaitedFor() {
    try (DeviceBuffer buffer = device.allocate(8);
        PinnedBuffer pinned = device.allocatePinned(8)) {
      stream.upload(pinned, 0, buffer);
      stub.calls();
      stub.fail(2, 1);

      assertThatThrownBy(() -> stream.upload(pinned, 0, buffer))
          .hasMessage("cudaEventRecord failed: status=cudaErrorInvalidValue(1)");

      assertThat(stub.calls()).isEqualTo("cudaMemcpyAsync cudaEventRecord cudaStreamSynchronize");
    }
  }

  @Test
  void kernel_isLaunchedWithItsArguments() {
    try (DeviceBuffer buffer = device.allocate(4);
        KernelLibrary library = device.load("ptx")) {
      Kernel kernel = library.kernel("add");
      KernelArguments arguments = new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 0.5f);
      kernel.launch(stream, 3, 7, 100, arguments);

      assertThat(read(buffer)).containsExactly(3107.5f);
      arguments.setFloat(1, 0.25f);
      kernel.launch(stream, 1, 1, 0, arguments);
      assertThat(read(buffer)).containsExactly(1001.25f);
      assertThat(kernel.maxThreads()).isEqualTo(1024);
      assertThat(kernel.registers()).isEqualTo(32);
      assertThat(kernel.ptxVersion()).isEqualTo(60);
      assertThat(kernel.binaryVersion()).isEqualTo(90);
    }
  }

  @Test
  void kernel_loadedByTheDriver() {
    KernelModule driver = new KernelModule.ByDriver(new CudaDriver("stub", stub.symbols()));
    try (DeviceBuffer buffer = device.allocate(4);
        KernelLibrary library = KernelLibrary.load(device.context(), driver, "ptx")) {
      Kernel kernel = library.kernel("add");
      kernel.launch(
          stream, 3, 7, 100, new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 0.5f));

      assertThat(read(buffer)).containsExactly(3107.5f);
      assertThat(kernel.maxThreads()).isZero();
      stub.calls();
    }
    assertThat(stub.calls()).isEqualTo("cudaDeviceSynchronize cuModuleUnload cudaFree");
    assertThatThrownBy(() -> KernelLibrary.load(device.context(), driver, "bad ptx"))
        .hasMessageStartingWith("cuModuleLoadDataEx failed: ")
        .hasMessageEndingWith("; log: ptxas fatal; line 1; no such thing");
  }

  @Test
  void kernel_isChecked() {
    try (KernelLibrary library = device.load("ptx")) {
      Kernel kernel = library.kernel("add");
      KernelArguments arguments = new KernelArguments(2).setFloat(1, 1);
      DeviceBuffer buffer = device.allocate(4);

      assertThatThrownBy(() -> kernel.launch(stream, 1, 1, 0, arguments))
          .hasMessage("every argument must be set: kernel=add, index=0");
      arguments.setBuffer(0, buffer);
      buffer.close();
      assertThatThrownBy(() -> kernel.launch(stream, 1, 1, 0, arguments))
          .hasMessage("the device buffer must not be closed: bytes=4");
      assertThatThrownBy(() -> kernel.launch(stream, 0, 1, 0, arguments))
          .hasMessage(
              "a launch needs blocks and threads: kernel=add, blocks=0, threads=1, sharedBytes=0");
      stub.fail(1, 1);
      assertThatThrownBy(() -> kernel.launch(stream, 1, 1, 0, new KernelArguments(1).setLong(0, 1)))
          .hasMessage(
              "cudaLaunchKernel failed: kernel=add, blocks=1, threads=1, sharedBytes=0,"
                  + " status=cudaErrorInvalidValue(1)");
      assertThatThrownBy(() -> library.kernel("nope"))
          .hasMessage(
              "cudaLibraryGetKernel failed: kernel=nope, status=cudaErrorSymbolNotFound(500)");
    }
  }

  @Test
  void kernel_isWaitedForWhenDebugging() {
    device.close();
    System.setProperty("spam4j.cuda.debug", "true");
    try {
      device = stub.open(0);
    } finally {
      System.clearProperty("spam4j.cuda.debug");
    }
    stream = device.stream();
    Kernel kernel = device.load("ptx").kernel("add");
    DeviceBuffer buffer = device.allocate(4);
    stub.calls();

    kernel.launch(stream, 1, 1, 0, new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 0.5f));

    assertThat(stub.calls()).isEqualTo("cudaLaunchKernel cudaStreamSynchronize");
  }

  @Test
  void kernel_theLogOfTheCompilerIsTold() {
    assertThatThrownBy(() -> device.load("bad ptx"))
        .hasMessage(
            "cudaLibraryLoadData failed: status=cudaErrorInvalidPtx(218); see the log of the"
                + " compiler in this message; log: ptxas fatal; line 1; no such thing");
  }

  @Test
  void graph_isCapturedOnceAndLaunched() {
    DeviceBuffer buffer = device.allocate(4);
    PinnedBuffer pinned = device.allocatePinned(4);
    KernelLibrary library = device.load("ptx");
    Kernel kernel = library.kernel("add");
    KernelArguments arguments = new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 1);
    stub.calls();
    try (CudaGraph graph =
        CudaGraph.capture(
            stream,
            () -> {
              kernel.launch(stream, 1, 1, 0, arguments);
              stream.download(buffer, pinned, 0);
              assertThatThrownBy(() -> CudaGraph.capture(stream, () -> {}))
                  .hasMessage("a stream must not be captured twice at a time: device=0");
              assertThatThrownBy(() -> read(buffer))
                  .hasMessage(
                      "a copy that waits cannot be captured: device=0; use a pinned buffer");
            })) {
      assertThat(stub.calls())
          .isEqualTo(
              "cudaStreamBeginCapture cudaLaunchKernel cudaMemcpyAsync cudaStreamEndCapture"
                  + " cudaGraphInstantiateWithFlags cudaGraphDestroy");

      graph.launch(stream);
      assertThat(stub.calls())
          .isEqualTo("cudaEventCreateWithFlags cudaGraphLaunch cudaEventRecord");

      buffer.close();
      assertThatThrownBy(() -> graph.launch(stream))
          .hasMessage("the device buffer must not be closed: bytes=4");
    }
  }

  @Test
  void graph_failedWorkEndsTheCapture() {
    IllegalStateException failure = new IllegalStateException("work");

    assertThatThrownBy(
            () ->
                CudaGraph.capture(
                    stream,
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);

    assertThat(stub.calls())
        .isEqualTo("cudaStreamBeginCapture cudaStreamEndCapture cudaGraphDestroy");
    stream.synchronize();
  }

  /** All there is; each of its calls is made to fail once. */
  private void everything(CudaDevice device) {
    try (CudaStream all = device.stream();
        DeviceBuffer buffer = device.allocate(8);
        PinnedBuffer pinned = device.allocatePinned(8);
        KernelLibrary library = device.load("ptx")) {
      Kernel kernel = library.kernel("add");
      KernelArguments arguments = new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 1);
      all.upload(pinned, 0, buffer);
      try (CudaGraph graph =
          CudaGraph.capture(
              all,
              () -> {
                kernel.launch(all, 1, 1, 0, arguments);
                all.download(buffer, pinned, 0);
              })) {
        graph.launch(all);
      }
      pinned.await();
    }
  }

  @Test
  void everyCall_mayFailWithoutALeak() {
    int call = 1;
    for (; ; call++) {
      stub.fail(call, 1);
      Throwable thrown = catchThrowable(() -> everything(device));
      if (!stub.failed()) {
        assertThat(thrown).isNull();
        break;
      }
      assertThat(thrown).as("call %d", call).isInstanceOf(CudaException.class);
      assertThat(stub.openHandles()).as("after call %d failed", call).isEqualTo(1); // the stream
      assertThat(device.context().openCount()).as("after call %d failed", call).isEqualTo(1);
    }
    stub.fail(0, 0);

    assertThat(call).isGreaterThan(25);
  }

  @Test
  void everyCall_mayLoseTheDevice() {
    device.close();
    for (int call = 1; ; call++) {
      device = stub.open(0);
      stub.fail(call, 719);
      Throwable thrown = catchThrowable(() -> everything(device));
      boolean failed = stub.failed();
      if (!failed) {
        assertThat(thrown).isNull();
        break;
      }
      assertThat(thrown)
          .isInstanceOfSatisfying(CudaException.class, e -> assertThat(e.deviceLost()).isTrue());
      device.close();
      stub = StubCudart.load();
    }
    stub.fail(0, 0);
    stream = device.stream();
  }
}
