/**
 * The update of Adafactor, which is none of Adam's family: factored second moments, three passes
 * over tiles of each matrix, and their loops. Its builder and formula are in {@code optimizers};
 * nothing that another optimizer uses belongs here.
 */
package io.spam4j.engine.internal.adafactor;
