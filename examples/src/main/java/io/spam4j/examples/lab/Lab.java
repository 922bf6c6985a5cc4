package io.spam4j.examples.lab;

import java.util.function.BooleanSupplier;

public final class Lab {
  public Lab(LabSettings settings, LabListener listener) {}

  public LabResult run(BooleanSupplier stop) {
    return new LabResult(java.util.Map.of(), java.util.List.of(), stop.getAsBoolean());
  }
}
