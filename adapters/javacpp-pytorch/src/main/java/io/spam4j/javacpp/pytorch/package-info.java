/**
 * Shows libtorch's weights and gradients to the optimizers of spam4j, without copying them: {@link
 * io.spam4j.javacpp.pytorch.TorchParameters} is all there is. The program brings JavaCPP's native
 * libraries of its platform, loads them by {@link io.spam4j.javacpp.pytorch.TorchLibraries}, and
 * lets this module reach native memory with {@code
 * --enable-native-access=io.spam4j.javacpp.pytorch} ({@code ALL-UNNAMED} on the class path). Start
 * Java with {@code -Dorg.bytedeco.javacpp.maxPhysicalBytes=0}, too: otherwise JavaCPP takes an
 * optimizer's state for its own memory and throws {@link OutOfMemoryError} where the process has
 * more than 4 times the heap's limit.
 */
@NullMarked
package io.spam4j.javacpp.pytorch;

import org.jspecify.annotations.NullMarked;
