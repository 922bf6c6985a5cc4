/**
 * Memory outside the heap: arenas that count what an optimizer asks of them, and things that are
 * freed with an arena of their own. What lies in the memory is the caller's; nothing here knows a
 * tensor.
 */
package io.spam4j.engine.internal.memory;
