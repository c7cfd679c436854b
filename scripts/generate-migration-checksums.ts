/**
 * Adds the checksums of new migrations to the file. It ends with status 1 if the SQL of a migration differs from the file:
 * only --replace overwrites a checksum. With --check it writes nothing, and a missing checksum is a difference as well.
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

const committed = readCommitted();
const kept = process.argv.includes('--replace') ? {} : committed;
const updated = process.argv.includes('--check') ? committed : { ...checksums, ...kept };
const changed = differences(updated, checksums);
if (changed.length > 0) {
  console.error([`${file} differs from the migrations:`, ...changed].join('\n  '));
  console.error(CHANGED_MIGRATION_HELP);
  process.exitCode = 1;
} else if (process.argv.includes('--check')) {
  console.log(`${file} is up to date`);
} else {
  writeFileSync(CHECKSUM_FILE, `${JSON.stringify(checksums, null, 2)}\n`);
  console.log(`${file} written`);
}

function readCommitted(): Checksums {
  return existsSync(CHECKSUM_FILE)
    ? (JSON.parse(readFileSync(CHECKSUM_FILE, 'utf8')) as Checksums)
    : {};
}
