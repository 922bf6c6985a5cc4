/**
 * One file an algorithm: its formula, its settings and its builder. An optimizer of Adam's family
 * has nothing else, since its update is the fused one; those that are measured against it keep
 * their rule and their loop beside them, not public: plain loops, since over several segments
 * outside the heap the compiler of JDK 25 makes no vectors of them, and they take two to four times
 * as long a weight. What optimizers share does not belong here, but below.
 */
package io.spam4j.engine.optimizers;
