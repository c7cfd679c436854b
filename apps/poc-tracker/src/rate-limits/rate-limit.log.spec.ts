import { Logger } from '@nestjs/common';
import type { ExceededLimit } from '@poc-tracker/rate-limit';
import { afterEach, expect, it, vi } from 'vitest';
import { RateLimitLog } from './rate-limit.log.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('logs one line a minute for each rule, with the number of requests since the last line', () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation(
    (line: unknown) => void lines.push(String(line)),
  );
  const log = new RateLimitLog();
  const exceeded = {
    rule: { name: 'reads:user', policy: '"reads:user";q=5;w=9', shadow: false },
    endpoint: '/api/v1/pocs',
  } as ExceededLimit;
  for (let request = 0; request < 1_000; request += 1) log.report(exceeded);
  expect(lines).toHaveLength(1);
  vi.advanceTimersByTime(60_000);
  log.report(exceeded);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('refuses requests: 1000 since its last line, now /api/v1/pocs');
});
