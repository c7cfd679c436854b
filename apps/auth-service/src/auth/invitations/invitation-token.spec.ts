import { describe, expect, it } from 'vitest';
import { INVITATION_KINDS, kindOfInvitationToken, newInvitationToken } from './invitation-token.js';
import { hashOfSecret } from '../../protection/secret.js';

describe('the token of an invitation', () => {
  it.each(INVITATION_KINDS)('of kind %s has 256 random bits and the prefix of its kind', (kind) => {
    const { token, tokenHash } = newInvitationToken(kind);
    expect(kindOfInvitationToken(token)).toBe(kind);
    expect(Buffer.from(token.slice(5), 'base64url')).toHaveLength(32);
    expect(tokenHash).toEqual(hashOfSecret(token));
    expect(newInvitationToken(kind).token).not.toBe(token);
  });

  it.each([
    ['an empty text', () => ''],
    ['a token without its prefix', (token: string) => token.slice(5)],
    ['a token of another version', (token: string) => token.replace('1_', '2_')],
    ['a truncated token', (token: string) => token.slice(0, -1)],
    ['a token with an added character', (token: string) => `${token}A`],
    ['a padded token', (token: string) => `${token.slice(0, -1)}=`],
    ['a token after white space', (token: string) => ` ${token}`],
    ['a token before a line break', (token: string) => `${token}\n`],
    ['a token in plain base64', (token: string) => `${token.slice(0, -1)}+`],
  ])('is not recognized: %s', (_what, alter) => {
    expect(kindOfInvitationToken(alter(newInvitationToken('user').token))).toBeUndefined();
  });

  it('has another hash if only the unused bits of its last character differ', () => {
    const { token, tokenHash } = newInvitationToken('user');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sibling = alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1] ?? '';
    const altered = token.slice(0, -1) + sibling;
    expect(Buffer.from(altered.slice(5), 'base64url')).toEqual(
      Buffer.from(token.slice(5), 'base64url'),
    );
    expect(hashOfSecret(altered)).not.toEqual(tokenHash);
  });
});
