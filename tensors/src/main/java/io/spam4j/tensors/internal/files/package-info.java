/**
 * Files that are there as a whole or not at all: written beside the file that they replace, with
 * its rights, and renamed.
 */
package io.spam4j.tensors.internal.files;
