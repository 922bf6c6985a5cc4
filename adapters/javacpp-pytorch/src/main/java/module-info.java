import org.jspecify.annotations.NullMarked;

/** Trains libtorch models, reached through JavaCPP, with the optimizers of spam4j. */
@NullMarked
module io.spam4j.javacpp.pytorch {
  requires static transitive org.jspecify;
  requires transitive io.spam4j.engine;
  requires transitive org.bytedeco.pytorch;

  exports io.spam4j.javacpp.pytorch;
}
