/**
 * Checks the plan of a module, which its {@code PlanTest} draws, against its compiled classes: the
 * arrows between packages, what is public and what exported signatures name. Every module's tests
 * share it through the test jar of {@code tensors}; nothing here knows a module by name.
 */
package io.spam4j.plan;
