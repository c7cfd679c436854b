import { readFile } from 'node:fs/promises';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../apps/auth-service/src/migrations/index.js';
import {
  CHANGED_MIGRATION_HELP,
  CHECKSUM_FILE,
  type Checksums,
  checksumsOf,
  differences,
} from './migration-checksums.js';

/** A migration that runs these statements one by one, and reverts them with one. */
function migration(...statements: string[]): new () => MigrationInterface {
  return class Example1795460000000 {
    async up(runner: QueryRunner): Promise<void> {
      for (const statement of statements) await runner.query(statement);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query('DROP TABLE a');
    }
  };
}

describe('the migration checksums', () => {
  it('match the SQL that every migration runs', async () => {
    const committed = JSON.parse(await readFile(CHECKSUM_FILE, 'utf8')) as Checksums;
    expect(differences(committed, await checksumsOf(MIGRATIONS)), CHANGED_MIGRATION_HELP).toEqual(
      [],
    );
  });

  it('change with every statement of a migration, and are equal for equal statements', async () => {
    const before = await checksumsOf([migration('CREATE TABLE a ()', 'CREATE TABLE b ()')]);
    const same = await checksumsOf([migration('CREATE TABLE a ()', 'CREATE TABLE b ()')]);
    const other = await checksumsOf([migration('CREATE TABLE a ()', 'CREATE TABLE c ()')]);
    expect(differences(before, same)).toEqual([]);
    expect(differences(before, other)).toEqual(['Example1795460000000.up() runs other SQL']);
  });

  it('report a migration that was added or removed', async () => {
    const one = await checksumsOf([migration('CREATE TABLE a ()')]);
    expect(differences({}, one)).toEqual(['Example1795460000000 is not in the file']);
    expect(differences(one, {})).toEqual(['Example1795460000000 is gone']);
  });
});
