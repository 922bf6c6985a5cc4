/**
 * How the lab decides, in numbers alone: experiments with claims, arms, grids and seeds that are
 * declared in a file before anything runs; stages that say which runs are needed next, from the
 * results that are there; and verdicts on claims from paired results. Nothing here trains, reads a
 * result's file or draws.
 *
 * <p>{@link io.spam4j.examples.lab.protocol.Declaration} is the file, {@link
 * io.spam4j.examples.lab.protocol.Design} one of its experiments at a preset on a text. A design is
 * a function of results: what is there decides what is missing, so that a matrix of runs can be
 * stopped, continued and computed again anywhere.
 */
@NullMarked
package io.spam4j.examples.lab.protocol;

import org.jspecify.annotations.NullMarked;
