import { refuseToLoseRows } from '@poc-tracker/tenancy';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from './index.js';

describe('Each migration', () => {
  it.each(MIGRATIONS.map((Migration) => [Migration.name, Migration] as const))(
    'checks whether a table has rows before it drops the table: %s',
    async (_name, Migration) => {
      const statements: string[] = [];
      const runner = { query: (sql: string) => Promise.resolve(void statements.push(sql)) };
      await new Migration().down(runner as never);
      const sql = statements.join(';\n');
      for (const [drop, table = ''] of sql.matchAll(/DROP TABLE (?:public\.)?(\w+)/g)) {
        const check = sql.indexOf(refuseToLoseRows(table));
        expect(check, table).toBeGreaterThanOrEqual(0);
        expect(check, table).toBeLessThan(sql.indexOf(drop));
      }
      expect(sql).not.toMatch(/DROP COLUMN|TRUNCATE|DELETE FROM/);
    },
  );
});
