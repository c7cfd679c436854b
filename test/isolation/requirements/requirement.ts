import type { World } from '../world.js';

/**
 * One of the known ways in which row-level security fails, R1 to R27 of the security requirements. R24 (a cache keyed
 * without the tenant) is missing: no cache lies between these attacks and the database.
 */
export interface Requirement {
  id: string;
  /** What is tried, in a few words. */
  tried: string;
  attempt(world: World): Promise<{ held: boolean; happened: string }>;
}
