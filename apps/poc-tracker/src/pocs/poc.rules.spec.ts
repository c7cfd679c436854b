import type { Permission } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { mayEditPoc, ownsPoc } from './poc.rules.js';

const ANA = 'ana';
const OPEN = { enableCollaboration: true };

const person = (userId: string, ...permissions: Permission[]) => ({ userId, permissions });
const poc = (collaborates = false) => ({ createdBy: ANA, collaborates });

describe('who owns a POC', () => {
  it('is its author, as long as they may make POCs', () => {
    expect(ownsPoc(person(ANA, 'create_pocs'), poc())).toBe(true);
    expect(ownsPoc(person(ANA), poc())).toBe(false);
    expect(ownsPoc(person('bia', 'create_pocs'), poc())).toBe(false);
  });

  it('is whoever manages every POC', () => {
    expect(ownsPoc(person('bia', 'manage_pocs'), poc())).toBe(true);
  });

  it('is nobody by having been deleted: an orphan has no author', () => {
    const orphan = { createdBy: null, collaborates: false };
    expect(ownsPoc(person('bia', 'create_pocs'), orphan)).toBe(false);
  });
});

describe('who may edit a POC', () => {
  it('are its owners, whatever the tenant has set', () => {
    expect(mayEditPoc(person(ANA, 'create_pocs'), poc(), { enableCollaboration: false })).toBe(
      true,
    );
  });

  it('are collaborators who may make POCs, while the tenant lets people work together', () => {
    expect(mayEditPoc(person('bia', 'create_pocs'), poc(true), OPEN)).toBe(true);
    expect(mayEditPoc(person('bia'), poc(true), OPEN)).toBe(false);
    expect(mayEditPoc(person('bia', 'create_pocs'), poc(false), OPEN)).toBe(false);
    expect(
      mayEditPoc(person('bia', 'create_pocs'), poc(true), { enableCollaboration: false }),
    ).toBe(false);
  });
});
