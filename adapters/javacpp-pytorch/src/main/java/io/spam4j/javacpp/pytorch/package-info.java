/**
 * Shows libtorch's weights and gradients to the optimizers of spam4j, without copying them: {@link
 * io.spam4j.javacpp.pytorch.TorchParameters} is all there is. The program brings JavaCPP's native
 * libraries of its platform, and lets this module reach native memory with {@code
 * --enable-native-access=io.spam4j.javacpp.pytorch} ({@code ALL-UNNAMED} on the class path).
 */
@NullMarked
package io.spam4j.javacpp.pytorch;

import org.jspecify.annotations.NullMarked;
