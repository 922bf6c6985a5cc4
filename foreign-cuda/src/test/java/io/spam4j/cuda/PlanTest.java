package io.spam4j.cuda;

import io.spam4j.plan.Plan;
import org.junit.jupiter.api.Test;

/** Which packages the module has and which of them each may use, floor by floor. */
class PlanTest {
  private static final String STAND_IN =
      "tests of other packages bind the functions of their stand-in for libcudart with it";
  private static final String TWINS = "tests of other packages run it on a stand-in";

  @Test
  void packages_useOnlyThoseBelow() {
    Plan.ofModule(CudaDevice.class)
        .floors(
            """
            selftest       -> internal.twins, optimizer, cuda, internal, engine, engine.checkpoint,
                              engine.optimizers

            internal.twins -> optimizer, cuda, internal, engine, engine.optimizers, engine.options,
                              tensors, tensors.mask

            optimizer      -> internal.state, cuda, internal, engine, engine.checkpoint,
                              engine.device, engine.optimizers, tensors, tensors.mask

            internal.state -> cuda, internal, engine.device, tensors.mask

            cuda           -> internal

            internal
            """)
        .except(
            "public without use outside its package: member=internal.Cublas(String, SymbolLookup)",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.CudaLibrary(Cudart)", STAND_IN)
        .except(
            "public without use outside its package: member=internal.DynamicLinker.rethrown(Throwable)",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeFunction.type()",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeFunction.callForText(Object[])",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.POINTER",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.INT", STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.LONG", STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary(String, SymbolLookup)",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.symbols()",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.function(String, String, MemoryLayout[])",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.NativeLibrary.text(String, String, MemoryLayout[])",
            STAND_IN)
        .except(
            "public without use outside its package: member=internal.twins.CpuTwin.gradient(String)",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.CpuTwin.gradients()",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.CpuTwin.step(Predicate)",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.GpuTwin.take(CpuTwin)",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.GpuTwin.step(Predicate)",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.OptimizerCase.spam()",
            TWINS)
        .except("public without use outside its package: member=internal.twins.Twins.SHIFTS", TWINS)
        .except(
            "public without use outside its package: member=internal.twins.Twins(CudaDevice, CudaStream, OptimizerBuilder, Map, Launching, IntUnaryOperator)",
            TWINS)
        .except(
            "public without use outside its package: member=internal.twins.Twins.draw(long)", TWINS)
        .except(
            "public without use outside its package: member=internal.twins.Twins.hasGradient(String, long)",
            TWINS)
        .check();
  }
}
