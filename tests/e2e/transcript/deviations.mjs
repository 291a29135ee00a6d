// Where roomcast does something else than the reference implementation, each with its reason. What
// is not here is the same.

/**
 * `instead`: the events that take the place of a recorded one, by its key; `"same"` is the recorded
 * one, anything else changes fields of it.
 */
export const DEVIATIONS = [];

/** Scenarios that wait for a feature. */
export const NOT_YET = [];
