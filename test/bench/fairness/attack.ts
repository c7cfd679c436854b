import type { Flood } from './flooder.js';
import type { Probe } from './probe.js';
import type { World } from './world.js';

/** What one tenant or client does to slow down the others. */
export interface Attack {
  /** For the command line. */
  name: string;
  description: string;
  /** Adds what the attack needs to the database, and returns its requests. */
  prepare(world: World): Promise<Flood>;
  /**
   * True for so many requests at once that to read them takes longer than the bounds allow. The bounds then are those, and what the
   * same flood costs a bare server (see measureReference).
   */
  hasReference?: boolean;
  /** What another client must be able to do during the attack, beside the requests of each measurement. */
  bystanders?(world: World): Promise<Probe[]>;
}
