/**
 * One optimizer twice, on the CPU and on a device, with the same weights and gradients, and the
 * bits in which they differ. The self-test runs it on a host's own GPU and the tests on a stand-in,
 * which is why it is neither's; what is to be made of a difference is theirs. Not exported.
 */
package io.spam4j.cuda.internal.twins;
