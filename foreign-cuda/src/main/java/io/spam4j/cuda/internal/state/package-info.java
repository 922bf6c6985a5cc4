/**
 * What an optimizer keeps on a device from step to step: moments, which of a parameter's weights
 * have some, and the histories of gradient transforms; with the tables that say to kernels where
 * all of it lies, filled on the host as src/main/cuda/README.md has them. When any of it changes is
 * decided by the engine's planner, and in which order it is queued by the step. Not exported.
 */
package io.spam4j.cuda.internal.state;
