import { definerRequirements } from './definer-requirements.js';
import { loginLimits } from './login-limits.js';
import { loginRequirements } from './login-requirements.js';
import { policyRequirements } from './policy-requirements.js';
import type { IsolationReport } from '../report.js';
import { schemaRequirements } from './schema-requirements.js';
import type { Requirement } from './requirement.js';
import { settingRequirements } from './setting-requirements.js';
import type { World } from '../world.js';

const number = ({ id }: Requirement): number => Number(/\d+/.exec(id)?.[0] ?? Infinity);

export const REQUIREMENTS: readonly Requirement[] = [
  ...loginRequirements,
  ...policyRequirements,
  ...definerRequirements,
  ...schemaRequirements,
  ...settingRequirements,
  ...loginLimits,
].sort((a, b) => number(a) - number(b));

/** Tries each requirement; one that cannot be tried counts as not held. */
export async function attackRequirements(
  world: World,
  report: IsolationReport,
  requirements = REQUIREMENTS,
): Promise<void> {
  for (const { id, tried, attempt } of requirements) {
    const result = await attempt(world).catch((error: unknown) => ({
      held: false,
      happened: `not tried: ${String(error)}`,
    }));
    report.recordFinding({ id, tried, ...result });
  }
}
