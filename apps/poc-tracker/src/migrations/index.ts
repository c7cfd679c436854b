import { CreatePocTracker1795470700000 } from './1795470700000-create-poc-tracker.js';

/** The tracker's own migrations, oldest first. They come after those of the service, in the same database. */
export const TRACKER_MIGRATIONS = [CreatePocTracker1795470700000];
