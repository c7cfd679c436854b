import type { PlatformDatabase } from '@poc-tracker/tenancy';
import { expect, it, vi } from 'vitest';
import type { Scheduler } from '../../schedule/scheduler.js';
import { ChainWriter } from './chain-writer.js';

it('the chain writer starts no round after it was stopped', async () => {
  const query = vi.fn();
  const writer = new ChainWriter({ query } as unknown as PlatformDatabase, {} as Scheduler);
  writer.onModuleDestroy();
  expect(await writer.appendPending()).toBe(0);
  expect(query).not.toHaveBeenCalled();
});
