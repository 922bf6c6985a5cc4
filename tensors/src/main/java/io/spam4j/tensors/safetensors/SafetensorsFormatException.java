package io.spam4j.tensors.safetensors;

import java.io.IOException;

/** A file was read but breaks a rule of the safetensors format; the message names the rule. */
public final class SafetensorsFormatException extends IOException {
  private static final long serialVersionUID = 1;

  SafetensorsFormatException(String message) {
    super(message);
  }
}
