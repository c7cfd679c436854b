import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { contextOf, createGuard, requestWith } from '../../test/requests.js';
import {
  type Attack,
  claims,
  forms,
  headers,
  signatures,
  tampering,
} from '../../test/token-attacks.js';
import { genuine, now, PARTIES, ring } from '../../test/token-forge.js';
import { AccessTokenVerifier } from './access-token.verifier.js';

/** The two ways to verify a token: as the token of a request, and directly. */
const entryPoints = {
  JwtAuthGuard: async (token: string): Promise<void> => {
    const { guard } = createGuard();
    await guard.canActivate(contextOf(requestWith(['Authorization', `Bearer ${token}`])));
  },
  'AccessTokenVerifier.verify': async (token: string): Promise<void> => {
    new AccessTokenVerifier(ring, PARTIES).verify(token);
  },
};

describe.each(Object.entries(entryPoints))('%s', (_name, present) => {
  it('accepts a genuine token', async () => {
    await expect(present(genuine())).resolves.toBeUndefined();
  });

  it.each<Attack>([
    ['a device id', genuine({ device_id: 'phone' })],
    ['an unknown claim', genuine({ scope: 'openid' })],
    ['nbf in the past', genuine({ nbf: now() - 1 })],
    ['nbf within the tolerance of one minute', genuine({ nbf: now() + 50 })],
    ['iat within the tolerance of one minute', genuine({ iat: now() + 50, exp: now() + 900 })],
    ['every permission', genuine({ permissions: ['manage_users', 'view_usage'] })],
  ])('accepts a genuine token with %s', async (_case, token) => {
    await expect(present(token)).resolves.toBeUndefined();
  });

  describe.each([
    ['a forged signature', signatures],
    ['a hostile header', headers],
    ['another encoding', forms],
    ['changed claims', tampering],
    ['invalid claims', claims],
  ])('refuses a token with %s', (_kind, attacks) => {
    it.each(attacks)('%s', async (_case, token) => {
      await expect(present(token)).rejects.toSatisfy(isInvalidToken);
    });
  });
});

function isInvalidToken(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'INVALID_TOKEN' && error.details === undefined;
}
