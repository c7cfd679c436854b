import { createConfig, lint } from '@redocly/openapi-core';

/**
 * Lints an OpenAPI document with the recommended rules of Redocly, which compare every example with its schema.
 * @returns a sentence for each problem, warnings included.
 */
export async function findOpenApiProblems(path: string): Promise<string[]> {
  const config = await createConfig({
    extends: ['recommended'],
    // It asks for a link to the license, and no license has been chosen yet.
    rules: { 'info-license-strict': 'off' },
  });
  const problems = await lint({ ref: path, config });
  return problems.map(({ ruleId, message, location }) => {
    const pointer = location[0]?.pointer ?? '#';
    return `${path}: ${message} (${ruleId}) ${pointer}`;
  });
}
