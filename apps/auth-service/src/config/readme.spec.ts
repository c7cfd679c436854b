import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SETTING_NAMES } from '@poc-tracker/http-service';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './app-config.js';

const ROOT = join(import.meta.dirname, '../../../..');

/** Sources that read variables besides the configuration: the standalone start and the migration commands. */
const OTHER_READERS = [
  'apps/auth-service/src/main.ts',
  'tools/standalone',
  'ormconfig.ts',
  'scripts/start.mjs',
];

/** Variables of the operating system, which are not settings of the product. */
const SYSTEM_VARIABLES = ['PATH', 'HOME', 'TMPDIR', 'NO_COLOR', 'CI', 'XDG_CACHE_HOME'];

function readByConfiguration(): string[] {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const valid: NodeJS.ProcessEnv = {
    DATABASE_URL: 'postgres://service:secret@db.internal:5432/poc_tracker',
    PLATFORM_DATABASE_URL: 'postgres://platform:secret@db.internal:5432/poc_tracker',
    JWT_PRIVATE_KEY: privateKey,
    JWT_REFRESH_SECRET: 'r'.repeat(48),
    DATA_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
  };
  const seen = new Set<string>();
  const recording = new Proxy(valid, {
    get(target, variable) {
      seen.add(String(variable));
      return target[String(variable)];
    },
  });
  loadConfig(recording);
  return [...seen];
}

function sourcesOf(path: string): string[] {
  const absolute = join(ROOT, path);
  if (!existsSync(absolute)) return [];
  if (statSync(absolute).isFile()) return [readFileSync(absolute, 'utf8')];
  return readdirSync(absolute).flatMap((name) =>
    name.endsWith('.spec.ts') ? [] : sourcesOf(join(path, name)),
  );
}

/** The tracker's configuration. */
const TRACKER = 'apps/poc-tracker/src/config/tracker-config.ts';

function readElsewhere(): string[] {
  const own = [...OTHER_READERS, TRACKER].flatMap(sourcesOf);
  return own
    .flatMap((source) => [
      ...source.matchAll(/\benv(?:\.|\[')([A-Z][A-Z0-9_]+)/g),
      ...source.matchAll(/\breader\s*\.\w+\(\s*'([A-Z][A-Z0-9_]+)'/g),
    ])
    .map(([, variable = '']) => variable)
    .filter((variable) => !SYSTEM_VARIABLES.includes(variable));
}

/** The names in the first column of the settings table. */
function documented(): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const settings = readme.slice(readme.indexOf('## Settings'));
  const firstCells = [...settings.matchAll(/^\|([^|]+)\|/gm)].map(([, cell = '']) => cell);
  return firstCells.flatMap((cell) =>
    [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name = '']) => name),
  );
}

describe('the settings table in README.md', () => {
  it('lists exactly the variables that are read', () => {
    const read = new Set([...readByConfiguration(), ...readElsewhere()]);
    expect(documented().sort()).toEqual([...read].sort());
  });

  it('has the same names as the list by which misspelled variables are found', () => {
    expect(documented().sort()).toEqual([...SETTING_NAMES].sort());
  });
});
