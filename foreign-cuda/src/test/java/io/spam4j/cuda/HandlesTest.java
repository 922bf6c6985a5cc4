package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Lifetimes, checks and errors, against a library that does next to nothing. */
@EnabledIf(value = "io.spam4j.cuda.StubCudart#builds", disabledReason = StubCudart.NEEDS)
class HandlesTest {
  private StubCudart stub;
  private CudaDevice device;

  @BeforeEach
  void open() {
    stub = StubCudart.load();
    device = stub.open(0);
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

  @Test
  void device_answers() {
    assertThat(device.ordinal()).isZero();
    assertThat(device.name()).isEqualTo("a stub");
    assertThat(device.attribute(CudaAttribute.MULTIPROCESSOR_COUNT)).isEqualTo(1016);
    assertThat(device.attribute(CudaAttribute.COMPUTE_CAPABILITY_MINOR)).isEqualTo(1076);
    assertThat(device.memory()).isEqualTo(new CudaDevice.Memory(3, 5));
    device.synchronize();
    assertThat(stub.calls())
        .isEqualTo(
            "cudaGetDeviceProperties cudaDeviceGetAttribute cudaDeviceGetAttribute cudaMemGetInfo"
                + " cudaDeviceSynchronize");
  }

  @Test
  void device_twoOnOneThread() {
    try (CudaDevice other = stub.open(1)) {
      stub.calls();
      DeviceBuffer first = device.allocate(4);
      DeviceBuffer second = other.allocate(4);

      assertThat(stub.calls()).isEqualTo("cudaSetDevice cudaMalloc cudaSetDevice cudaMalloc");
      assertThatThrownBy(() -> other.stream().await(device.event()))
          .hasMessage(
              "a stream must be used with objects of the device it came from: stream=1, object=0");
      first.close();
      second.close();
    }
  }

  @Test
  void device_noSuchOrdinal() {
    assertThatThrownBy(() -> stub.open(2))
        .isInstanceOf(CudaException.class)
        .hasMessage(
            "cudaSetDevice failed: device=2, status=cudaErrorInvalidDevice(101); see nvidia-smi for"
                + " the devices there are");
  }

  @Test
  void device_closesWhatIsOpenYoungestFirst() {
    device.allocate(8);
    device.stream();
    device.allocatePinned(8);
    device.load("ptx");
    stub.calls();

    device.close();
    device.close();

    assertThat(stub.calls())
        .isEqualTo(
            "cudaDeviceSynchronize cudaDeviceSynchronize cudaLibraryUnload cudaFreeHost"
                + " cudaStreamDestroy cudaFree");
    assertThatThrownBy(() -> device.allocate(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the device must not be closed: device=0");
  }

  @Test
  void device_belongsToItsThread() throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    DeviceBuffer buffer = device.allocate(4);
    Thread thread =
        new Thread(
            () -> {
              try {
                buffer.close();
              } catch (WrongThreadException e) {
                thrown.set(e);
              }
            },
            "another");
    thread.start();
    thread.join();

    assertThat(thrown.get())
        .hasMessage(
            "a device must be used by the thread that opened it: device=0, owner="
                + Thread.currentThread().getName()
                + ", thread=another");
    buffer.close();
  }

  @Test
  void device_tellsItsState() {
    CudaStream stream = device.stream();

    assertThat(stream.device()).isSameAs(device);
    assertThat(device.runtimeVersion()).isEqualTo(device.driverVersion()).isPositive();
    device.requireOwner();
    device.requireUsable();
    assertThat(device.isClosed()).isFalse();
    assertThat(device.isLost()).isFalse();

    device.close();

    assertThat(device.isClosed()).isTrue();
    device.requireOwner();
    assertThatThrownBy(device::requireUsable).hasMessage("the device must not be closed: device=0");
  }

  @Test
  void device_staysOpenWithMemoryThatIsInUse() throws Throwable {
    PinnedBuffer pinned = device.allocatePinned(8);
    device.stream();
    AtomicReference<Throwable> thrown = new AtomicReference<>();

    whileInUse(
        pinned.segment(),
        () -> {
          try {
            device.close();
          } catch (IllegalStateException e) {
            thrown.set(e);
          }
        });

    assertThat(thrown.get()).isNotNull();
    assertThat(device.isClosed()).isFalse();
    assertThat(stub.openHandles()).isEqualTo(1);
    pinned.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
  }

  /** Does something while qsort of the C library has a memory, of which it compares two halves. */
  @SuppressWarnings("restricted") // the signatures stand beside the functions
  private static void whileInUse(MemorySegment memory, Runnable action) throws Throwable {
    Linker linker = Linker.nativeLinker();
    Comparator<MemorySegment> order =
        (left, right) -> {
          action.run();
          return Long.compare(left.address(), right.address());
        };
    /* int compare(const void*, const void*) */
    MethodHandle compare =
        MethodHandles.publicLookup()
            .findVirtual(
                Comparator.class,
                "compare",
                MethodType.methodType(int.class, Object.class, Object.class))
            .bindTo(order)
            .asType(MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
    FunctionDescriptor type =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment comparator = linker.upcallStub(compare, type, arena);
      /* void qsort(void* base, size_t members, size_t size, compare) */
      linker
          .downcallHandle(
              linker.defaultLookup().findOrThrow("qsort"),
              FunctionDescriptor.ofVoid(
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS))
          .invoke(memory, 2L, memory.byteSize() / 2, comparator);
    }
  }

  @Test
  void device_virtualThread() throws InterruptedException {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                stub.open(0).close();
              } catch (IllegalStateException e) {
                thrown.set(e);
              }
            })
        .join();

    assertThat(thrown.get())
        .hasMessageMatching("a device must be opened by a platform thread: thread=VirtualThread.+");
  }

  @Test
  void failure_namesTheCallAndItsArguments() {
    stub.fail(1, 2);

    assertThatThrownBy(() -> device.allocate(4294967296L))
        .isInstanceOfSatisfying(
            CudaException.class,
            e -> {
              assertThat(e.function()).isEqualTo("cudaMalloc");
              assertThat(e.status()).isEqualTo(2);
              assertThat(e.deviceLost()).isFalse();
            })
        .hasMessage("cudaMalloc failed: bytes=4294967296, status=cudaErrorMemoryAllocation(2)");
    device.allocate(4).close();
  }

  @Test
  void failure_ofTheDeviceIsToldByEveryLaterCall() {
    CudaStream stream = device.stream();
    DeviceBuffer buffer = device.allocate(4);
    PinnedBuffer pinned = device.allocatePinned(4);
    stream.upload(pinned, 0, buffer);
    Kernel kernel = device.load("ptx").kernel("add");
    KernelArguments arguments = new KernelArguments(2).setBuffer(0, buffer).setFloat(1, 1);
    kernel.launch(stream, 1, 1, 0, arguments);
    stub.fail(1, 700);

    String cause =
        "cudaStreamSynchronize failed: last kernels=[add], status=cudaErrorIllegalAddress(700);"
            + " close the device; only a new process can use it again";
    assertThatThrownBy(stream::synchronize)
        .isInstanceOfSatisfying(CudaException.class, e -> assertThat(e.deviceLost()).isTrue())
        .hasMessage(cause);
    assertThatThrownBy(() -> device.allocate(1))
        .isInstanceOfSatisfying(CudaException.class, e -> assertThat(e.status()).isEqualTo(700))
        .hasMessage("the device is lost: device=0, cause=" + cause);
    stub.calls();

    buffer.close();
    pinned.close();
    device.close();

    assertThat(stub.calls()).isEmpty();
    assertThatThrownBy(pinned::segment).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void closed_isRefused() {
    CudaStream stream = device.stream();
    CudaEvent event = device.event();
    DeviceBuffer buffer = device.allocate(8);
    DeviceBuffer slice = buffer.slice(4, 4);
    DeviceBuffer foreign = DeviceBuffer.of(0x1000, 4);
    PinnedBuffer pinned = device.allocatePinned(8);
    MemorySegment segment = pinned.segment();
    KernelLibrary library = device.load("ptx");
    Kernel kernel = library.kernel("add");
    for (int i = 0; i < 2; i++) { // the second time does nothing
      event.close();
      buffer.close();
      foreign.close();
      pinned.close();
      library.close();
    }

    String what = " must not be closed: ";
    assertThatThrownBy(() -> stream.await(event)).hasMessage("the event" + what + "device=0");
    assertThatThrownBy(buffer::address).hasMessage("the device buffer" + what + "bytes=8");
    assertThatThrownBy(slice::address).hasMessage("the device buffer" + what + "bytes=8");
    assertThatThrownBy(foreign::address).hasMessage("the device buffer" + what + "bytes=4");
    assertThatThrownBy(() -> stream.fill(slice, (byte) 0))
        .hasMessage("the device buffer" + what + "bytes=8");
    assertThatThrownBy(pinned::await).hasMessage("the pinned buffer" + what + "device=0");
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).hasMessage("Already closed");
    assertThatThrownBy(() -> kernel.launch(stream, 1, 1, 0, new KernelArguments(0)))
        .hasMessage("the kernel library" + what + "device=0");
    stream.close();
    stream.close();
    assertThatThrownBy(stream::synchronize).hasMessage("the stream" + what + "device=0");
  }

  @Test
  void close_failureOfEarlierWorkIsTold() {
    DeviceBuffer buffer = device.allocate(4);
    stub.fail(1, 1);

    assertThatThrownBy(buffer::close)
        .hasMessage("cudaFree failed: status=cudaErrorInvalidValue(1)");

    assertThat(stub.openHandles()).isZero();
    buffer.close();
  }

  @Test
  void event_andStream() {
    try (CudaStream stream = device.stream();
        CudaEvent start = device.timer();
        CudaEvent end = device.timer()) {
      start.record(stream);
      end.record(stream);
      stub.pending(true);
      assertThat(end.isComplete()).isFalse();
      assertThat(stream.isIdle()).isFalse();
      stub.pending(false);
      assertThat(end.isComplete()).isTrue();
      assertThat(stream.isIdle()).isTrue();
      end.synchronize();
      assertThat(end.millisecondsSince(start)).isEqualTo(1.5f);
    }
  }

  @Test
  void pin_memoryThatIsThere() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(8192, 4096);
      try (PinnedBuffer pinned = device.pin(memory)) {
        assertThat(pinned.segment()).isSameAs(memory);
        assertThat(stub.openHandles()).isEqualTo(1);
      }
      assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isZero();
      MemorySegment part = memory.asSlice(0, 100);
      assertThatThrownBy(() -> device.pin(part))
          .hasMessage(
              "pinned memory must be native, writable and whole pages of 4096 bytes: memory="
                  + part);
    }
  }
}
