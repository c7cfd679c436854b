import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionLossLog } from './connection-loss.log.js';

let warnings: unknown[];
let losses: ConnectionLossLog;

beforeEach(() => {
  vi.useFakeTimers();
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => void warnings.push(line));
  losses = new ConnectionLossLog('TenantPool');
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('ConnectionLossLog', () => {
  it('writes one line for all connections that are lost together', () => {
    for (let lost = 0; lost < 10; lost += 1) losses.add(new Error('terminated by the server'));
    vi.advanceTimersByTime(1_000);
    losses.add(new Error('reset by peer'));
    vi.advanceTimersByTime(60_000);
    expect(warnings).toEqual([
      'Idle database connections were lost (10): terminated by the server',
      'Idle database connections were lost (1): reset by peer',
    ]);
  });

  it('writes nothing if the process stops, even if the connections were lost just before', () => {
    losses.add(new Error('terminated by the server'));
    vi.advanceTimersByTime(900);
    losses.stop();
    losses.add(new Error('terminated by the server'));
    vi.advanceTimersByTime(60_000);
    expect(warnings).toEqual([]);
  });
});
