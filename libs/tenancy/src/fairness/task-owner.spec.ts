import type { TenantSnapshot } from '@poc-tracker/contracts';
import { runInRequestContext } from '../request/request-context.js';
import { describe, expect, it } from 'vitest';
import { currentOwner, ownerOf } from './task-owner.js';

describe('ownerOf', () => {
  it('is the same for all addresses of an IPv6 network, and another for another tenant', () => {
    const of = (tenant: string, ipAddress: string) => ownerOf(tenant, { ipAddress });
    expect(of('a', '2001:db8:1:2::1')).toEqual(of('a', '2001:db8:1:2:3:4:5:6'));
    expect(of('a', '2001:db8:1:2::1')).not.toEqual(of('a', '2001:db8:1:3::1'));
    expect(of('a', '203.0.113.7')).not.toEqual(of('b', '203.0.113.7'));
  });

  it('has one source for clients without an address', () => {
    const none = { tenant: 'a', source: '' };
    expect([ownerOf('a', undefined), ownerOf('a', { ipAddress: null })]).toEqual([none, none]);
  });
});

describe('currentOwner', () => {
  it('is the tenant and the client of the request, and no tenant outside of one', () => {
    const tenant = { id: 'a' } as TenantSnapshot;
    const client = { ipAddress: '203.0.113.7', userAgent: null };
    const owner = runInRequestContext({ requestId: 'r', tenant, client }, currentOwner);
    expect(owner).toEqual({ tenant: 'a', source: '203.0.113.7' });
    expect(currentOwner()).toEqual({ tenant: '', source: '' });
  });
});
