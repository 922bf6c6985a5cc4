/**
 * An optimizer without memory: decides, counts, reports, saves and loads for a device that has the
 * weights and does the updates. It shares every decision with the CPU and touches no element.
 */
package io.spam4j.engine.internal.plan;
