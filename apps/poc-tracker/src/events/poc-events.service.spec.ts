import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PocChange } from './poc-change.listener.js';
import { PocEventsService } from './poc-events.service.js';

const person = {
  userId: 'ana',
  tenantId: 'acme',
  sessionId: 'session',
  tokenExpiresAt: Date.now() / 1_000 + 900,
} as Principal;

const change: PocChange = {
  tenantId: 'acme',
  pocId: 'poc',
  event: 'poc.updated',
  subjectId: null,
};

beforeEach(() => {
  // Nothing is found by looking around every now and then: the event itself must be held back.
  vi.useFakeTimers({ toFake: ['setInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
});

it('tells nothing to a session that has ended, however soon the event comes', async () => {
  let tell: (change: PocChange) => void = () => undefined;
  let ended = false;
  const rights = { tenant: { features: { real_time_dojos: true } } };
  const events = new PocEventsService(
    { asPerson: () => Promise.resolve() } as never,
    {
      start: ({ changed }: { changed: typeof tell }) => Promise.resolve(void (tell = changed)),
      stop: () => Promise.resolve(),
    } as never,
    {
      currentRights: () => {
        if (ended) throw new ApiError('TOKEN_REVOKED');
        return rights;
      },
    } as never,
  );
  const stream = text(await events.subscribe(person, 'poc'));
  tell(change);
  await setImmediate();
  ended = true;
  tell(change);
  const told = [...(await stream).matchAll(/^event: (.*)$/gm)].map(([, event]) => event);
  expect(told).toEqual(['poc.updated', 'closed']);
});
