import { CreatePocTracker1795460700000 } from './1795460700000-create-poc-tracker.js';

/** The migrations of the tracker, oldest first. They run after those of the authentication service. */
export const TRACKER_MIGRATIONS = [CreatePocTracker1795460700000];
