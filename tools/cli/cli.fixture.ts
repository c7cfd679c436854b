import type { DatabaseUrls } from '@poc-tracker/embedded';
import { runCli } from './program.js';

export interface CliRun {
  code: number;
  out: string;
  err: string;
  /** The output of --json, parsed. */
  json: () => unknown;
}

/** Runs command lines in this process, on a database or in an environment. */
export function cliOn(
  urls: Pick<DatabaseUrls, 'platformUrl' | 'migrationUrl'> | null,
  env: NodeJS.ProcessEnv = {},
): (...argv: string[]) => Promise<CliRun> {
  return async (...argv) => {
    let out = '';
    let err = '';
    const code = await runCli(argv, {
      env: {
        DATA_DIR: '/nowhere',
        ...(urls && {
          PLATFORM_DATABASE_URL: urls.platformUrl,
          MIGRATION_DATABASE_URL: urls.migrationUrl,
        }),
        ...env,
      },
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
    });
    return { code, out, err, json: () => JSON.parse(out) as unknown };
  };
}
