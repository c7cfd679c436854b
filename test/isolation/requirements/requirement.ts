import type { World } from '../world.js';

/**
 * One of the known ways in which row-level security fails, R1 to R27 of the security requirements. R24 (a cache keyed
 * without the tenant) is missing: no cache lies between these attacks and the database.
 */
export interface Requirement {
  id: string;
  /** What the attacker attempts, in a few words. */
  attempt: string;
  run(world: World): Promise<{ passed: boolean; result: string }>;
}
