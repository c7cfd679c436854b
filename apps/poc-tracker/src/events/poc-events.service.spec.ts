import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PocChange } from './poc-change.listener.js';
import { PocEventsService } from './poc-events.service.js';

const principal = {
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
  // The periodic check does not run, so that dispatching must check the session itself.
  vi.useFakeTimers({ toFake: ['setInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const rights = { factorDue: null, tenant: { features: { real_time_dojos: true } } };
let notify: (change: PocChange) => void;
let ended: boolean;
let events: PocEventsService;

beforeEach(() => {
  notify = () => undefined;
  ended = false;
  events = new PocEventsService(
    { asPrincipal: () => Promise.resolve() } as never,
    {
      start: ({ changed }: { changed: typeof notify }) => Promise.resolve(void (notify = changed)),
      stop: () => Promise.resolve(),
    } as never,
    {
      currentRights: () => {
        if (ended) throw new ApiError('TOKEN_REVOKED');
        return rights;
      },
    } as never,
  );
});

it('sends no event after the session has ended, even before the next periodic check', async () => {
  const stream = text(await events.subscribe(principal, 'poc'));
  notify(change);
  await setImmediate();
  ended = true;
  notify(change);
  const names = [...(await stream).matchAll(/^event: (.*)$/gm)].map(([, event]) => event);
  expect(names).toEqual(['poc.updated', 'closed']);
});

it('ends all streams when the service stops, and opens no more', async () => {
  const stream = text(await events.subscribe(principal, 'poc'));
  const opening = events.subscribe(principal, 'poc');
  events.onModuleDestroy();
  expect(await stream).toBe(': open\n\n');
  const refusal = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }) as Error;
  await expect(opening).rejects.toEqual(refusal);
  await expect(events.subscribe(principal, 'poc')).rejects.toEqual(refusal);
});
