/** Optimizers: to be described. */
package io.spam4j.engine;
