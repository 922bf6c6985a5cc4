package io.spam4j.cuda;

import io.spam4j.cuda.internal.CudaLibrary;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.ProbedHost;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/**
 * An NVIDIA GPU that is open for use.
 *
 * <p>One platform thread opens a device and does everything with it, and with all that comes from
 * it; calls of other threads are refused with a {@link WrongThreadException}. Closing the device
 * waits for its work and gives back what was not closed before. After an error that the device does
 * not survive, such as an illegal address in a kernel, every further call throws a {@link
 * CudaException} that names the first cause; closing is still possible.
 *
 * <p>With the property {@code spam4j.cuda.debug=true} each launch is waited for, so that an error
 * is told by the launch that made it.
 */
public final class CudaDevice implements AutoCloseable {
  /** Probed at the first question. */
  private static final class Probe {
    static final CudaProbe RESULT = CudaProbe.of(ProbedHost.ofThisProcess());
  }

  /**
   * How much memory a device has, in bytes.
   *
   * @param free what can still be allocated, by all processes together
   * @param total what there is
   */
  public record Memory(long free, long total) {}

  private final DeviceContext context;

  private CudaDevice(DeviceContext context) {
    this.context = context;
  }

  /**
   * Whether this process can use CUDA, from loading the CUDA runtime (libcudart) and asking it.
   * Never throws. The first call takes milliseconds, or as long as the driver needs to wake the
   * devices; the answer stays the same as long as the process.
   *
   * <p>The property {@code spam4j.cuda.library} names the exact file to load, {@code
   * spam4j.cuda.path} the folder to find it in. Without either, the toolkits of {@code CUDA_HOME}
   * and {@code CUDA_PATH}, the dynamic linker's folders, {@code /usr/local/cuda/lib64} and {@code
   * CONDA_PREFIX/lib} are searched, in this order, for CUDA 13, 12 and 11.
   */
  public static CudaAvailability availability() {
    return Probe.RESULT.availability();
  }

  /**
   * Opens a device for the current thread.
   *
   * @param ordinal which one, from 0, as {@code CUDA_VISIBLE_DEVICES} numbers them
   * @throws UnsupportedOperationException if CUDA is not available, with the reason
   * @throws IllegalStateException if the thread is virtual
   * @throws CudaException if there is no such device, or it cannot be used
   */
  public static CudaDevice open(int ordinal) {
    return open(Probe.RESULT.usable(), ordinal);
  }

  static CudaDevice open(CudaLibrary library, int ordinal) {
    return open(library, ordinal, ShippedKernels::ptx);
  }

  /** Opens a device whose optimizers run other kernels than those that are shipped. */
  static CudaDevice open(CudaLibrary library, int ordinal, Supplier<String> kernels) {
    DeviceContext context = new DeviceContext(library, ordinal, kernels);
    NativeFunction setDevice = context.cudart().setDevice;
    context.check(setDevice, setDevice.call(ordinal), "device", ordinal);
    return new CudaDevice(context);
  }

  DeviceContext context() {
    return context;
  }

  /**
   * Checks that the current thread may use the device.
   *
   * @throws WrongThreadException if another thread opened it
   */
  public void requireOwner() {
    context.checkOwner();
  }

  /**
   * Checks that the device can be used at this moment.
   *
   * @throws WrongThreadException if another thread opened it
   * @throws IllegalStateException if it is closed
   * @throws CudaException if it is lost, with the first cause
   */
  public void requireUsable() {
    context.enter();
  }

  /** Whether an error that the device does not survive was met; see {@link CudaException}. */
  public boolean isLost() {
    return context.isLost();
  }

  /** Whether it was closed. */
  public boolean isClosed() {
    return context.isClosed();
  }

  /** Which device it is, from 0. */
  public int ordinal() {
    return context.ordinal();
  }

  /** The path or soname of the libcudart in use. */
  public String library() {
    return context.library().name();
  }

  /** The version of the libcudart in use, as {@code 1000 * major + 10 * minor}. */
  public int runtimeVersion() {
    context.enter();
    return context.outInt(context.cudart().runtimeGetVersion);
  }

  /** The newest CUDA that the driver supports, as {@code 1000 * major + 10 * minor}. */
  public int driverVersion() {
    context.enter();
    return context.outInt(context.cudart().driverGetVersion);
  }

  /** The name of the product, such as {@code NVIDIA H100 80GB HBM3}. */
  public String name() {
    context.enter();
    NativeFunction function = context.cudart().getDeviceProperties;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment properties = arena.allocate(RuntimeApi.DEVICE_PROPERTIES_AT_MOST, 8);
      context.check(
          function, function.call(properties, context.ordinal()), "device", context.ordinal());
      return properties.getString(0); // the first field of every version
    }
  }

  /** One of the device's numbers. */
  public int attribute(CudaAttribute attribute) {
    context.enter();
    NativeFunction function = context.cudart().deviceGetAttribute;
    context.check(
        function,
        function.call(context.out(), attribute.code(), context.ordinal()),
        "attribute",
        attribute,
        "device",
        context.ordinal());
    return context.out().get(ValueLayout.JAVA_INT, 0);
  }

  /** How much memory the device has, and how much of it is free. */
  public Memory memory() {
    context.enter();
    NativeFunction function = context.cudart().memGetInfo;
    MemorySegment free = context.out().asSlice(0, 8);
    MemorySegment total = context.out().asSlice(8, 8);
    context.check(function, function.call(free, total));
    return new Memory(free.get(ValueLayout.JAVA_LONG, 0), total.get(ValueLayout.JAVA_LONG, 0));
  }

  /** Creates a stream that does not wait for the default stream. */
  public CudaStream stream() {
    return CudaStream.create(this);
  }

  /**
   * Wraps a stream of somebody else, who must keep it as long as it is used here. Closing it leaves
   * it as it is.
   *
   * @param address a {@code cudaStream_t} of this device, such as libtorch's current stream; 0 is
   *     CUDA's default stream
   */
  public CudaStream stream(long address) {
    return CudaStream.of(this, address);
  }

  /** Creates an event that measures time, for benchmarks. */
  public CudaEvent timer() {
    return CudaEvent.create(context, RuntimeApi.EVENT_DEFAULT);
  }

  /** Creates an event that only orders work: cheaper than a {@link #timer}. */
  public CudaEvent event() {
    return CudaEvent.create(context, RuntimeApi.EVENT_DISABLE_TIMING);
  }

  /**
   * Allocates memory of the device, aligned to 256 bytes; its contents are undefined.
   *
   * @param bytes at least 1
   */
  public DeviceBuffer allocate(long bytes) {
    return DeviceBuffer.allocate(context, bytes);
  }

  /**
   * Allocates memory of the host that the device can copy from and to by itself.
   *
   * @param bytes at least 1
   */
  public PinnedBuffer allocatePinned(long bytes) {
    return PinnedBuffer.allocate(context, bytes);
  }

  /**
   * Pins memory of the host that exists already, until the buffer is closed.
   *
   * @param memory native, starting at a page (4096 bytes) and as many pages long; its arena must
   *     stay open until the buffer is closed
   */
  public PinnedBuffer pin(MemorySegment memory) {
    return PinnedBuffer.pin(context, memory);
  }

  /**
   * Loads kernels, and compiles them for this device.
   *
   * @param ptx the text of the kernels in NVIDIA's portable assembly
   */
  public KernelLibrary load(String ptx) {
    return KernelLibrary.load(context, ptx);
  }

  /** Loads the kernels that are shipped, which optimizers run. */
  public KernelLibrary loadShipped() {
    return KernelLibrary.load(context, context.kernels());
  }

  /** Waits until the device has done all it was given. */
  public void synchronize() {
    context.enter();
    NativeFunction function = context.cudart().deviceSynchronize;
    context.check(function, function.call());
  }

  /** Waits for the device and closes everything that came from it; harmless if closed already. */
  @Override
  public void close() {
    context.close();
  }
}
