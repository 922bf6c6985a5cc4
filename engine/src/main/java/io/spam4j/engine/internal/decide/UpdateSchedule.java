package io.spam4j.engine.internal.decide;

import io.spam4j.engine.Schedule;

/** A schedule that is asked with the updates a tensor has had, not with the steps of the run. */
public interface UpdateSchedule extends Schedule {}
