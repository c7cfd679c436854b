import { describe, expect, it } from 'vitest';
import { findFreeId, identityOfInitdb } from './server-identity.js';

describe("The account of root's servers", () => {
  it('has an id that belongs to no user and no group', () => {
    expect(findFreeId(new Set(), new Set())).toBe(55_432);
    expect(findFreeId(new Set([55_432, 65_534]), new Set([55_433]))).toBe(55_434);
  });

  it('creates its files as a named account in a group of its own, which initdb requires', () => {
    const own = { uid: 55_432, gid: 55_432 };
    expect(identityOfInitdb(own)).toEqual({ uid: 65_534, gid: 55_432 });
    const named = { uid: 0, gid: 0 };
    expect(identityOfInitdb(named)).toEqual(named);
    expect(identityOfInitdb({})).toEqual({});
  });
});
