/**
 * Typed, shaped views of memory that stays its owner's, several of them in one piece, their
 * statistics, and random numbers that depend on no order. Selections of elements and files of
 * tensors have rooms of their own.
 */
package io.spam4j.tensors;
