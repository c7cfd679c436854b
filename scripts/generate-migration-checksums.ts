/**
 * Writes the checksums of the SQL that the migrations run. With --check it writes nothing and ends with status 1 when
 * a migration differs from the file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { MIGRATIONS } from '../apps/auth-service/src/migrations/index.js';
import {
  CHANGED_MIGRATION_HELP,
  CHECKSUM_FILE,
  type Checksums,
  checksumsOf,
  differences,
} from './migration-checksums.js';

const file = relative(process.cwd(), CHECKSUM_FILE);
const checksums = await checksumsOf(MIGRATIONS);

if (!process.argv.includes('--check')) {
  writeFileSync(CHECKSUM_FILE, `${JSON.stringify(checksums, null, 2)}\n`);
  console.log(`${file} written`);
} else {
  const changed = differences(readCommitted(), checksums);
  if (changed.length === 0) {
    console.log(`${file} is up to date`);
  } else {
    console.error([`${file} differs from the migrations:`, ...changed].join('\n  '));
    console.error(CHANGED_MIGRATION_HELP);
    process.exitCode = 1;
  }
}

function readCommitted(): Checksums {
  return existsSync(CHECKSUM_FILE)
    ? (JSON.parse(readFileSync(CHECKSUM_FILE, 'utf8')) as Checksums)
    : {};
}
