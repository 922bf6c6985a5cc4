import org.jspecify.annotations.NullMarked;

/** Spike-aware optimizers over caller-owned memory. */
@NullMarked
module io.spam4j.engine {
  requires static transitive org.jspecify;
  requires static jdk.incubator.vector;
  requires static jdk.jfr;
  requires transitive io.spam4j.tensors;

  exports io.spam4j.engine;
  exports io.spam4j.engine.analysis;
  exports io.spam4j.engine.checkpoint;
  exports io.spam4j.engine.decision;
  exports io.spam4j.engine.device;
  exports io.spam4j.engine.optimizers;
  exports io.spam4j.engine.options;
  exports io.spam4j.engine.roofline;
}
