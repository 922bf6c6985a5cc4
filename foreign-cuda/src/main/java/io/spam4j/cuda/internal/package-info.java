/**
 * The C libraries: how libcudart, libcuda and libcublas are found, which of their functions are
 * bound, with the signature beside each, what their structures, numbers and statuses are, and how
 * what was opened is closed. A function is bound when it is first called; that a library is missing
 * is a value, never a failed class initialiser. Devices, threads and errors as users see them
 * belong one floor up. Not exported.
 */
package io.spam4j.cuda.internal;
