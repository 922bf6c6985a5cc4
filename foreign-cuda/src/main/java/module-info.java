import org.jspecify.annotations.NullMarked;

/** The door to NVIDIA GPUs, through the foreign function interface alone. */
@NullMarked
module io.spam4j.cuda {
  requires static transitive org.jspecify;
  requires transitive io.spam4j.engine;

  exports io.spam4j.cuda;
  exports io.spam4j.cuda.optimizer;
  exports io.spam4j.cuda.selftest;
}
