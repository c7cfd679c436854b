import { describe, expect, it } from 'vitest';
import { dropTriggers } from './schema-part.js';

describe('dropTriggers', () => {
  it('drops every trigger from its table, in the order in which they are created', () => {
    const created = `
      CREATE TRIGGER users_rights AFTER UPDATE OF role, status ON public.users
        FOR EACH ROW WHEN (OLD.role <> NEW.role) EXECUTE FUNCTION public.first();
      -- The second one. It is of another table.
      CREATE TRIGGER sessions_deleted AFTER INSERT OR DELETE ON public.user_sessions
        FOR EACH ROW EXECUTE FUNCTION public.second()`;
    expect(dropTriggers(created)).toEqual([
      'DROP TRIGGER users_rights ON public.users',
      'DROP TRIGGER sessions_deleted ON public.user_sessions',
    ]);
  });
});
