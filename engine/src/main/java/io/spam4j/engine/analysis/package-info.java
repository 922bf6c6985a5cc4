/**
 * Where gradients spike: the gradient spike score of SPAM's Definition P.1 (arXiv 2501.06842) over
 * a recorded run or, with the mean so far, while training, the census that both count into, by
 * tensor, kind of layer and step, and a journal of spikes as a step listener. It sees gradients and
 * reports alone, never an optimizer's inside.
 */
package io.spam4j.engine.analysis;
