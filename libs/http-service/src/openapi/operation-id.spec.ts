import { describe, expect, it } from 'vitest';
import { isOperationId } from './operation-id.js';

describe('isOperationId', () => {
  it.each(['listUsers', 'getPocAnalytics', 'createTenantAsOperator', 'logIn', 'logOut'])(
    'accepts %s',
    (id) => {
      expect(isOperationId(id)).toBe(true);
    },
  );

  it.each([
    ['nothing', ''],
    ['a verb alone', 'list'],
    ['a noun alone', 'users'],
    ['a noun before the verb', 'usersList'],
    ['a verb that is not in the list', 'fetchUsers'],
    ['a word that only starts with a verb', 'addresses'],
    ['Pascal case', 'ListUsers'],
    ['snake case', 'list_users'],
    ['an abbreviation in capitals', 'getJWKS'],
    ['a phrase that only starts like one', 'logInUser'],
  ])('refuses %s ("%s")', (_what, id) => {
    expect(isOperationId(id)).toBe(false);
  });
});
