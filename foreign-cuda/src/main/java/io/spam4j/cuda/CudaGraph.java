package io.spam4j.cuda;

import io.spam4j.cuda.internal.CloseFailures;
import io.spam4j.cuda.internal.NativeFunction;
import io.spam4j.cuda.internal.RuntimeApi;
import java.lang.foreign.MemorySegment;

/**
 * Work that was recorded once and can be launched as a whole, with one call. Arguments and
 * addresses are those of the recording; what changes from launch to launch must be read from
 * memory.
 */
public final class CudaGraph implements AutoCloseable {
  private final Handle handle;
  private final Capture capture;

  private CudaGraph(Handle handle, Capture capture) {
    this.handle = handle;
    this.capture = capture;
  }

  /**
   * Records what is queued to a stream, instead of doing it. Nothing that waits or allocates may be
   * called meanwhile.
   *
   * @param work queues to the stream
   */
  public static CudaGraph capture(CudaStream stream, Runnable work) {
    DeviceContext context = stream.context();
    context.enter();
    if (stream.capture() != null) {
      throw new IllegalStateException(
          "a stream must not be captured twice at a time: device=" + context.ordinal());
    }
    Capture capture = new Capture();
    NativeFunction begin = context.cudart().streamBeginCapture;
    context.check(begin, begin.call(stream.handle().pointer(), RuntimeApi.CAPTURE_THREAD_LOCAL));
    stream.setCapture(capture);
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      stream.setCapture(null);
      CloseFailures.closeAfter(e, () -> end(stream).close());
      throw e;
    }
    stream.setCapture(null);
    Handle graph = end(stream);
    Handle executable;
    try {
      executable = instantiate(graph);
    } catch (CudaException e) {
      CloseFailures.closeAfter(e, graph::close);
      throw e;
    }
    try {
      graph.close();
    } catch (CudaException e) {
      CloseFailures.closeAfter(e, executable::close);
      throw e;
    }
    return new CudaGraph(executable, capture);
  }

  private static Handle end(CudaStream stream) {
    DeviceContext context = stream.context();
    NativeFunction end = context.cudart().streamEndCapture;
    MemorySegment graph = context.outPointer(end, out -> end.call(stream.handle().pointer(), out));
    return new Handle(context, "graph", graph, context.cudart().graphDestroy);
  }

  private static Handle instantiate(Handle graph) {
    DeviceContext context = graph.context();
    NativeFunction instantiate = context.cudart().graphInstantiate;
    MemorySegment executable =
        context.outPointer(instantiate, out -> instantiate.call(out, graph.pointer(), 0L));
    return new Handle(context, "graph", executable, context.cudart().graphExecDestroy);
  }

  /**
   * Queues the work of the graph.
   *
   * @throws IllegalStateException if something that the work uses is closed
   */
  public void launch(CudaStream stream) {
    DeviceContext context = handle.context();
    stream.enter(context);
    capture.requireOpen();
    NativeFunction launch = context.cudart().graphLaunch;
    context.launched("graph");
    capture.during(
        stream,
        () -> context.check(launch, launch.call(handle.pointer(), stream.handle().pointer())));
  }

  /** Forgets the work; harmless if closed already. */
  @Override
  public void close() {
    handle.close();
  }
}
