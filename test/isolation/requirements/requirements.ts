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

/** Attacks each requirement. One that cannot be attacked does not pass. */
export async function attackRequirements(
  world: World,
  report: IsolationReport,
  requirements = REQUIREMENTS,
): Promise<void> {
  for (const { id, attempt, run } of requirements) {
    const result = await run(world).catch((error: unknown) => ({
      passed: false,
      result: `not attempted: ${String(error)}`,
    }));
    report.recordFinding({ id, attempt, ...result });
  }
}
