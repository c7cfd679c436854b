import type { Permission } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { mayEditPoc, ownsPoc } from './poc.rules.js';

const ANA = 'ana';
const OPEN = { enableCollaboration: true };

const principal = (userId: string, ...permissions: Permission[]) => ({ userId, permissions });
const poc = (collaborates = false) => ({ createdBy: ANA, collaborates });

describe('ownsPoc', () => {
  it('is true for the author with the permission to create POCs', () => {
    expect(ownsPoc(principal(ANA, 'create_pocs'), poc())).toBe(true);
    expect(ownsPoc(principal(ANA), poc())).toBe(false);
    expect(ownsPoc(principal('bia', 'create_pocs'), poc())).toBe(false);
  });

  it('is true for a user who manages all POCs', () => {
    expect(ownsPoc(principal('bia', 'manage_pocs'), poc())).toBe(true);
  });

  it('is false for a POC whose author was deleted', () => {
    const orphan = { createdBy: null, collaborates: false };
    expect(ownsPoc(principal('bia', 'create_pocs'), orphan)).toBe(false);
  });
});

describe('mayEditPoc', () => {
  it('is true for an owner, whatever the settings of the tenant', () => {
    expect(mayEditPoc(principal(ANA, 'create_pocs'), poc(), { enableCollaboration: false })).toBe(
      true,
    );
  });

  it('is true for a collaborator with the permission to create POCs while collaboration is enabled', () => {
    expect(mayEditPoc(principal('bia', 'create_pocs'), poc(true), OPEN)).toBe(true);
    expect(mayEditPoc(principal('bia'), poc(true), OPEN)).toBe(false);
    expect(mayEditPoc(principal('bia', 'create_pocs'), poc(false), OPEN)).toBe(false);
    expect(
      mayEditPoc(principal('bia', 'create_pocs'), poc(true), { enableCollaboration: false }),
    ).toBe(false);
  });
});
