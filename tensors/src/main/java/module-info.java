import org.jspecify.annotations.NullMarked;

/**
 * Typed views of memory, deterministic reductions, random numbers, selections of elements and
 * safetensors files.
 */
@NullMarked
@SuppressWarnings("module") // The qualified export names a module that this one is compiled before.
module io.spam4j.tensors {
  requires static org.jspecify;
  requires static jdk.incubator.vector;

  exports io.spam4j.tensors;
  exports io.spam4j.tensors.mask;
  exports io.spam4j.tensors.safetensors;
  exports io.spam4j.tensors.internal.json to
      io.spam4j.engine;
  exports io.spam4j.tensors.internal.simd to
      io.spam4j.engine;
}
