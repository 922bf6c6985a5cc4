/** Strings of JSON, as files and journals write them. */
package io.spam4j.tensors.internal.json;
