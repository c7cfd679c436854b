import { describe, expect, it } from 'vitest';
import { type Answer } from '../service.fixture.js';
import {
  address,
  expire,
  invite,
  outcome,
  type Page,
  revoke,
  scene,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('The list of invitations', () => {
  it('returns pages, newest first, filtered by status, for its own tenant only', async () => {
    const at = await scene();
    const sent: string[] = [];
    for (let index = 0; index < 7; index += 1)
      sent.unshift((await invite(at, address())).data.invitation.id);
    await revoke(at, sent[2] ?? '');
    await expire(sent[4] ?? '');
    await invite(await scene(), address());
    const walk = async (query: Record<string, string>): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer<Page<{ id: string }>> = await service.call('GET', '/auth/invitations', {
          host: at.host,
          token: at.token,
          query: { limit: '2', ...query, ...(cursor !== null && { cursor }) },
        });
        expect(page.status).toBe(200);
        found.push(...page.data.items.map(({ id }) => id));
        cursor = page.data.nextCursor;
      } while (cursor !== null);
      return found;
    };
    expect(await walk({})).toEqual(sent);
    expect(await walk({ status: 'revoked' })).toEqual([sent[2]]);
    expect(await walk({ status: 'expired' })).toEqual([sent[4]]);
    expect(await walk({ status: 'accepted' })).toEqual([]);
    expect(await walk({ status: 'pending' })).toEqual(
      sent.filter((_id, index) => index !== 2 && index !== 4),
    );
    const other = await scene();
    await invite(other, address());
    await invite(other, address());
    const { nextCursor } = (
      await service.call<Page<unknown>>('GET', '/auth/invitations', {
        ...other,
        query: { limit: '1' },
      })
    ).data;
    const query = { cursor: nextCursor ?? '' };
    expect(outcome(await service.call('GET', '/auth/invitations', { ...at, query }))).toBe(
      'VALIDATION_ERROR',
    );
    expect(
      outcome(await service.call('GET', '/auth/invitations', { ...at, query: { status: 'open' } })),
    ).toBe('VALIDATION_ERROR');
  });
});
