/**
 * The part of deciding that looks at gradients: what each transform does to each tensor at this
 * step, what it remembers of earlier ones, and copies of gradients for those transforms that the
 * fused update cannot do itself. The public settings of transforms are in {@code engine}.
 */
package io.spam4j.engine.internal.transform;
