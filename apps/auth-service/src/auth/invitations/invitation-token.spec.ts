import { describe, expect, it } from 'vitest';
import {
  acceptanceLink,
  INVITATION_KINDS,
  kindOfInvitationToken,
  newInvitationToken,
} from './invitation-token.js';
import { hashOfSecret } from '../../protection/secret.js';

describe('the token of an invitation', () => {
  it.each(INVITATION_KINDS)('of a %s holds 256 bits and tells its kind', (kind) => {
    const { token, tokenHash } = newInvitationToken(kind);
    expect(kindOfInvitationToken(token)).toBe(kind);
    expect(Buffer.from(token.slice(5), 'base64url')).toHaveLength(32);
    expect(tokenHash).toEqual(hashOfSecret(token));
    expect(newInvitationToken(kind).token).not.toBe(token);
  });

  it.each([
    ['nothing', () => ''],
    ['a token without its prefix', (token: string) => token.slice(5)],
    ['another version', (token: string) => token.replace('1_', '2_')],
    ['one that was cut', (token: string) => token.slice(0, -1)],
    ['one that was added to', (token: string) => `${token}A`],
    ['padding', (token: string) => `${token.slice(0, -1)}=`],
    ['white space around it', (token: string) => ` ${token}`],
    ['a line break at its end', (token: string) => `${token}\n`],
    ['the other alphabet', (token: string) => `${token.slice(0, -1)}+`],
  ])('is not read out of %s', (_what, alter) => {
    expect(kindOfInvitationToken(alter(newInvitationToken('person').token))).toBeUndefined();
  });

  it('is another one when only the unused bits of its last character differ', () => {
    const { token, tokenHash } = newInvitationToken('person');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sibling = alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1] ?? '';
    const altered = token.slice(0, -1) + sibling;
    expect(Buffer.from(altered.slice(5), 'base64url')).toEqual(
      Buffer.from(token.slice(5), 'base64url'),
    );
    expect(hashOfSecret(altered)).not.toEqual(tokenHash);
  });

  it('travels in the fragment of its link', () => {
    const link = new URL(acceptanceLink('acme', 'poctracker.com', 'pti1_x'));
    expect(link.origin + link.pathname + link.search).toBe(
      'https://acme.poctracker.com/accept-invite',
    );
    expect(new URLSearchParams(link.hash.slice(1)).get('token')).toBe('pti1_x');
  });
});
