package io.spam4j.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device of the stand-in, the kernels that are shipped, and memory that lies on both sides. The
 * stand-in refuses accesses behind a memory; what lies before it is compared when it is downloaded.
 */
public final class StandInDevice implements AutoCloseable {
  private static final int THREADS = 256;
  private static final byte CANARY = 0x5A;

  /** How the stand-in works. */
  public enum Mode {
    LAZY,
    EAGER,
    /** Lazily, and two writers of one byte are an error. */
    RACES
  }

  /** As much memory of the host as of the device, a few bytes after an aligned address. */
  public static final class Memory {
    private final MemorySegment whole;
    private final DeviceBuffer buffer;
    private final int shift;

    Memory(MemorySegment whole, DeviceBuffer buffer, int shift) {
      this.whole = whole;
      this.buffer = buffer;
      this.shift = shift;
    }

    /** What is uploaded and downloaded. */
    public MemorySegment host() {
      return whole.asSlice(shift);
    }

    /** The same, to be filled row by row. */
    public ByteBuffer rows() {
      return host().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Where it is on the device. */
    public long address() {
      return buffer.address() + shift;
    }

    public void set(float[] values) {
      MemorySegment.copy(values, 0, host(), ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
    }

    public float[] floats() {
      return host().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
  }

  private final StandIn standIn;
  private final Mode mode;
  private final CudaDevice device;
  private final CudaStream stream;
  private final KernelLibrary library;
  private final Arena arena = Arena.ofConfined();
  private final List<Memory> memories = new ArrayList<>();
  private final Map<String, Kernel> kernels = new HashMap<>();

  private StandInDevice(StandIn standIn, Mode mode) {
    this.standIn = standIn;
    this.mode = mode;
    device = standIn.open();
    library = device.load(StandIn.kernels());
    stream = device.stream();
  }

  /** Opens a device of CUDA 13. */
  public static StandInDevice open(Mode mode) {
    return open(mode, StandIn.RUNTIME);
  }

  /** Opens a device of another runtime, such as 12040 for CUDA 12.4. */
  public static StandInDevice open(Mode mode, int runtime) {
    StandIn standIn = StandIn.load();
    standIn.eager(mode == Mode.EAGER);
    standIn.races(mode == Mode.RACES);
    standIn.runtime(runtime);
    return new StandInDevice(standIn, mode);
  }

  public CudaDevice device() {
    return device;
  }

  /** Calls made since it was opened; see {@link StandIn#calls}. */
  public long calls() {
    return standIn.calls();
  }

  /** Lets a call fail; see {@link StandIn#fail}. */
  public void fail(long n, int status) {
    standIn.fail(n, status);
  }

  public CudaStream stream() {
    return stream;
  }

  /** Memory of zeros that starts {@code shift} bytes after a multiple of 256. */
  public Memory memory(long bytes, int shift) {
    MemorySegment whole = arena.allocate(Math.max(1, shift + bytes), 16);
    whole.asSlice(0, shift).fill(CANARY);
    Memory memory = new Memory(whole, device.allocate(whole.byteSize()), shift);
    memories.add(memory);
    return memory;
  }

  /** A memory that holds these floats. */
  public Memory memory(float[] values, int shift) {
    Memory memory = memory((long) Float.BYTES * values.length, shift);
    memory.set(values);
    return memory;
  }

  /** Copies all memory to the device. */
  public void upload() {
    memories.forEach(this::upload);
  }

  /** Copies one memory to the device. */
  public void upload(Memory memory) {
    stream.upload(memory.whole, memory.buffer);
  }

  /** Copies all memory to the host, after a launch, which thereby ends. */
  public void download() {
    assertThat(stream.isIdle()).as("nothing is left to do").isEqualTo(mode == Mode.EAGER);
    for (Memory memory : memories) {
      stream.download(memory.buffer, memory.whole);
      for (int i = 0; i < memory.shift; i++) {
        assertThat(memory.whole.get(ValueLayout.JAVA_BYTE, i))
            .as("byte %d before a memory", memory.shift - i)
            .isEqualTo(CANARY);
      }
    }
  }

  /** Queues a kernel; its arguments are memory that is not shifted, or floats. */
  public void launch(String name, int blocks, Object... values) {
    KernelArguments arguments = new KernelArguments(values.length);
    for (int i = 0; i < values.length; i++) {
      if (values[i] instanceof Float value) {
        arguments.setFloat(i, value);
      } else {
        arguments.setBuffer(i, ((Memory) values[i]).buffer);
      }
    }
    kernels.computeIfAbsent(name, library::kernel).launch(stream, blocks, THREADS, 0, arguments);
  }

  /** Closes the device; nothing of it is left. */
  @Override
  public void close() {
    device.close();
    arena.close();
    assertThat(standIn.reset()).as("handles that were not given back").isZero();
  }
}
