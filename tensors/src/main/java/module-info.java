import org.jspecify.annotations.NullMarked;

/**
 * Typed views of memory, deterministic reductions, random numbers, selections of elements and
 * safetensors files.
 */
@NullMarked
@SuppressWarnings({
  "module", // The qualified exports name a module that this one is compiled before.
  "requires-transitive-automatic" // fastutil has no module descriptor, but a name of its own.
})
module io.spam4j.tensors {
  requires static org.jspecify;
  requires static jdk.incubator.vector;
  requires transitive it.unimi.dsi.fastutil.core;

  exports io.spam4j.tensors;
  exports io.spam4j.tensors.mask;
  exports io.spam4j.tensors.safetensors;
  exports io.spam4j.tensors.internal.json to
      io.spam4j.engine;
  exports io.spam4j.tensors.internal.simd to
      io.spam4j.engine;
}
