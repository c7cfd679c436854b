import { Resolver } from 'node:dns/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DnsTxtResolver } from './txt-resolver.js';

const failing = (code: string) =>
  vi
    .spyOn(Resolver.prototype, 'resolveTxt')
    .mockRejectedValue(Object.assign(new Error('queryTxt'), { code }));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('DnsTxtResolver', () => {
  it('joins the parts of a TXT record', async () => {
    vi.spyOn(Resolver.prototype, 'resolveTxt').mockResolvedValue([
      ['poc-tracker-', 'verification=x'],
      ['v=spf1 -all'],
    ]);
    expect(await new DnsTxtResolver().txt('acme.example')).toEqual([
      'poc-tracker-verification=x',
      'v=spf1 -all',
    ]);
  });

  it.each(['ENOTFOUND', 'ENODATA'])('returns no records for the DNS error %s', async (code) => {
    failing(code);
    expect(await new DnsTxtResolver().txt('acme.example')).toEqual([]);
  });

  it.each(['ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED'])(
    'answers SERVICE_UNAVAILABLE with Retry-After to the DNS error %s',
    async (code) => {
      failing(code);
      await expect(new DnsTxtResolver().txt('acme.example')).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        retryAfter: 10,
      });
    },
  );
});
