import { TenantDatabase } from '@poc-tracker/tenancy';
import { describe, expect, it } from 'vitest';
import { SecurityEvents } from './security-events.js';

describe('SecurityEvents', () => {
  it('records the access to any number of tenants in one statement', async () => {
    const statements: { sql: string; params: unknown[] }[] = [];
    const transaction = {
      query: <Row>(sql: string, params: unknown[] = []): Promise<Row[]> => {
        statements.push({ sql, params });
        return Promise.resolve([]);
      },
    };
    const tenants = Array.from({ length: 100 }, (_, index) => `tenant ${index}`);
    const event = { type: 'operator.accessed', result: 'success', actorId: null } as const;
    await new SecurityEvents(new TenantDatabase()).recordForEach(transaction, tenants, event);
    expect(statements).toEqual([
      {
        sql: expect.stringContaining('INSERT INTO security_events') as unknown,
        params: expect.arrayContaining([tenants]) as unknown,
      },
    ]);
  });
});
