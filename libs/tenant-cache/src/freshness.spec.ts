import type { FeedSubscriber, RevocationEvent } from '@poc-tracker/auth-kit';
import { describe, expect, it } from 'vitest';
import { RevocationFeedFreshness } from './freshness.js';

const event = (kind: RevocationEvent['kind'], tenantId: string): RevocationEvent => ({
  kind,
  tenantId,
  id: tenantId,
});

describe('RevocationFeedFreshness', () => {
  it('delivers changes of tenants and gaps, and neither sessions nor users', () => {
    let feed: FeedSubscriber | undefined;
    const freshness = new RevocationFeedFreshness({
      isFresh: (tenantId) => tenantId === 'acme',
      waitUntilFresh: () => true,
      feedSource: 'source',
      subscribe: (subscriber) => {
        feed = subscriber;
        return () => undefined;
      },
    });
    const received: unknown[] = [];
    freshness.subscribe({
      onTenantsChanged: (ids) => received.push(ids),
      onGap: () => received.push('gap'),
    });
    feed?.onEvents([event('session', 'acme'), event('user', 'acme')], undefined);
    feed?.onEvents(
      [event('tenant', 'acme'), event('tenant', 'globex'), event('tenant', 'acme')],
      undefined,
    );
    feed?.onGap();
    expect(received).toEqual([['acme', 'globex'], 'gap']);
    expect(freshness.isFresh('acme')).toBe(true);
    expect(freshness.isFresh('globex')).toBe(false);
    expect(freshness.source).toBe('source');
  });
});
