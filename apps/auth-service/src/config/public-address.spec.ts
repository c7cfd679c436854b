import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { PublicAddress } from './public-address.js';

function addressOf(publicUrl: string): PublicAddress {
  const host = { httpAdapter: { getHttpServer: () => createServer() } };
  return new PublicAddress({ tenancy: { publicUrl } }, host as never);
}

const link = (publicUrl: string, customDomain: string | null) =>
  addressOf(publicUrl).linkTo({ subdomain: 'acme', customDomain }, 'verify-email', 'pto1_x');

describe('A link to a page of a tenant', () => {
  it('has its token in the fragment', () => {
    const { origin, pathname, search, hash } = new URL(link('https://{tenant}.example.com', null));
    expect(origin + pathname + search).toBe('https://acme.example.com/verify-email');
    expect(new URLSearchParams(hash.slice(1)).get('token')).toBe('pto1_x');
  });

  it.each([
    ['https://{tenant}.example.com', 'https://id.acme.example/verify-email#token=pto1_x'],
    ['https://{tenant}.example.com/app', 'https://id.acme.example/app/verify-email#token=pto1_x'],
    ['http://{tenant}.localhost:3000', 'http://id.acme.example:3000/verify-email#token=pto1_x'],
    ['https://example.com/{tenant}', 'https://example.com/acme/verify-email#token=pto1_x'],
  ])('uses the domain of the tenant in place of the host of %s', (publicUrl, expected) => {
    expect(link(publicUrl, 'id.acme.example')).toBe(expected);
  });
});
