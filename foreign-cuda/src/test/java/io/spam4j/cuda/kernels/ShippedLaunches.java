package io.spam4j.cuda.kernels;

import io.spam4j.cuda.CudaDevice;
import io.spam4j.cuda.CudaStream;
import io.spam4j.cuda.DeviceBuffer;
import io.spam4j.cuda.KernelArguments;
import io.spam4j.cuda.KernelLibrary;
import io.spam4j.cuda.StandIn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs the launches of {@link HostKernels} with the PTX that is shipped, on the stand-in. */
final class ShippedLaunches {
  private static final int THREADS = 256;

  private ShippedLaunches() {}

  static void run(
      List<HostKernels.Buffer> buffers, List<long[]> pointers, List<HostKernels.Launch> launches) {
    try (CudaDevice device = StandIn.load().open();
        Arena arena = Arena.ofConfined()) {
      CudaStream stream = device.stream();
      KernelLibrary library = device.load(StandIn.kernels());
      List<MemorySegment> host = new ArrayList<>();
      List<DeviceBuffer> memory = new ArrayList<>();
      for (HostKernels.Buffer buffer : buffers) {
        host.add(arena.allocate(Math.max(1, buffer.shift + buffer.array.length), 16));
        host.getLast().asSlice(buffer.shift).copyFrom(MemorySegment.ofArray(buffer.array));
        memory.add(device.allocate(host.getLast().byteSize()));
      }
      for (long[] pointer : pointers) {
        int from = (int) pointer[0];
        int to = (int) pointer[2];
        long at = buffers.get(from).shift + pointer[1];
        long address = memory.get(to).address() + buffers.get(to).shift;
        host.get(from).set(ValueLayout.JAVA_LONG_UNALIGNED, at, address);
      }
      for (int i = 0; i < buffers.size(); i++) {
        stream.upload(host.get(i), memory.get(i));
      }
      for (HostKernels.Launch launch : launches) {
        var arguments = new KernelArguments(launch.arguments().size());
        for (int i = 0; i < launch.arguments().size(); i++) {
          switch (launch.arguments().get(i)) {
            case Float value -> arguments.setFloat(i, value);
            case HostKernels.Buffer buffer -> {
              long address = memory.get(buffers.indexOf(buffer)).address();
              arguments.setLong(i, address + buffer.shift);
            }
            case Object value -> arguments.setInt(i, (Integer) value);
          }
        }
        String name = "spam4j_" + launch.kernel().name().toLowerCase(Locale.ROOT);
        library.kernel(name).launch(stream, launch.blocks(), THREADS, 0, arguments);
      }
      for (int i = 0; i < buffers.size(); i++) {
        stream.download(memory.get(i), host.get(i));
        HostKernels.Buffer buffer = buffers.get(i);
        MemorySegment.ofArray(buffer.array)
            .copyFrom(host.get(i).asSlice(buffer.shift, buffer.array.length));
      }
    }
  }
}
