/**
 * The memory of optimizers on the models of the SPAM paper: their weights by name and shape, the
 * density at which sparse momentum holds as much state as GaLore, and the paper's account in BF16.
 */
@NullMarked
package io.spam4j.examples.memory;

import org.jspecify.annotations.NullMarked;
