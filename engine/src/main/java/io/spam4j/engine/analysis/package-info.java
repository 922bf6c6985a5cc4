/**
 * Where gradients spike: the gradient spike score of SPAM's Definition P.1 (arXiv 2501.06842) and a
 * census of spikes by tensor, by kind of layer and by step.
 *
 * <p>{@link io.spam4j.engine.analysis.GradientSpikeScore} is the definition: it divides by the mean
 * over the whole run, so it sees the run twice. {@link io.spam4j.engine.analysis.SpikeMonitor} sees
 * it once, while training, and divides by the mean so far. Both count into a {@link
 * io.spam4j.engine.analysis.SpikeCensus}, which {@link io.spam4j.engine.analysis.LayerKind} groups
 * as the paper's Table 4 does.
 */
package io.spam4j.engine.analysis;
