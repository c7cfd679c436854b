import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConnectionShortage, mostConnections } from './connection-limit.js';

const server = (available: number) => () => Promise.resolve([{ available }]);

describe('The connections of a process', () => {
  it('are those of its pools and those beside them', () => {
    expect(mostConnections({ poolMax: 100, platformUrl: 'postgres://platform' })).toBe(107);
    expect(mostConnections({ poolMax: 20, login: 'tracker' })).toBe(23);
  });

  it('fit the server of docker-compose.yml by default', () => {
    const file = join(import.meta.dirname, '../../../docker-compose.yml');
    const accepted = /max_connections=(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
    const service = mostConnections({ poolMax: 100, platformUrl: 'postgres://platform' });
    const tracker = mostConnections({ poolMax: 100, login: 'tracker' });
    expect(Number(accepted)).toBeGreaterThanOrEqual(service + tracker + 10);
  });

  it('are compared with those that the server accepts', async () => {
    const options = { poolMax: 100, platformUrl: 'postgres://platform' };
    expect(await findConnectionShortage(server(107), options)).toBeUndefined();
    expect(await findConnectionShortage(server(97), options)).toBe(
      'This process may open 107 connections to PostgreSQL, which accepts 97 in all. ' +
        'Lower DB_POOL_MAX, or raise max_connections of the server.',
    );
  });
});
