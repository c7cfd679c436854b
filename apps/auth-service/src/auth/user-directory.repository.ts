import type { Role, UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { Person } from './user.entity.js';
import { SELECT_PERSON } from './user.repository.js';

/** Which people a list shows; what is left out does not matter. */
export interface PeopleFilter {
  role?: Role | undefined;
  status?: UserStatus | undefined;
  customRoleId?: string | undefined;
  /** How the address, the name, or the last name alone begins. */
  search?: string | undefined;
}

/** Comes before every id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The text to search for, as the columns search_name and search_last_name are made. */
const NAME_KEY = `(SELECT translate(lower(normalize($6::text)),
  'áàâãäåéèêëíìîïóòôõöúùûüçñýÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑÝ', 'aaaaaaeeeeiiiiooooouuuucnyaaaaaaeeeeiiiiooooouuuucny'))`;
const EMAIL_KEY = '(SELECT lower($6::text))';

/** All that begins with a text stands before that text with the last character that there is behind it. */
const LAST_CHARACTER = 'chr(1114111)';

const MEETS_FILTER = `id > $1 AND ($3::text IS NULL OR role = $3) AND ($4::text IS NULL OR status = $4)
  AND ($5::uuid IS NULL OR custom_role_id = $5)`;

/**
 * A range of text instead of LIKE, which is not leakproof: under a policy it could not be the condition of an index, and
 * every search would read the whole tenant. One branch for each index; an OR would leave it to the planner's guess
 * whether to walk through all people in the order of their ids instead.
 */
export const SEARCH_PEOPLE = `
  SELECT id FROM (
    SELECT id FROM users
     WHERE email COLLATE "C" >= ${EMAIL_KEY} AND email COLLATE "C" < ${EMAIL_KEY} || ${LAST_CHARACTER} AND ${MEETS_FILTER}
     UNION
    SELECT id FROM users
     WHERE search_name >= ${NAME_KEY} AND search_name < ${NAME_KEY} || ${LAST_CHARACTER} AND ${MEETS_FILTER}
     UNION
    SELECT id FROM users
     WHERE search_last_name >= ${NAME_KEY} AND search_last_name < ${NAME_KEY} || ${LAST_CHARACTER} AND ${MEETS_FILTER}
  ) found ORDER BY id LIMIT $2`;

const FIND_PEOPLE = `${SELECT_PERSON} WHERE u.id = ANY ($1) ORDER BY u.id`;

/** The people of the current transaction's tenant as a list, whoever of them the caller may see. */
@Injectable()
export class UserDirectoryRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** People in the order of their ids, which is that of their creation, after the one given. */
  async list(filter: PeopleFilter, after: string | null, limit: number): Promise<Person[]> {
    const found = await this.findIds(filter, after ?? FIRST_ID, limit);
    const ids = found.map(({ id }) => id);
    return ids.length === 0 ? [] : this.database.query<Person>(FIND_PEOPLE, [ids]);
  }

  /**
   * Filters that are not asked for are no part of the statement: as `$3 IS NULL OR …` they could not be conditions of
   * an index. A parameter that stays unused must be named all the same.
   */
  private findIds(
    { role = null, status = null, customRoleId = null, search }: NullableFilter,
    after: string,
    limit: number,
  ): Promise<{ id: string }[]> {
    const params = [after, limit, role, status, customRoleId];
    return search === undefined
      ? this.database.query(
          `SELECT id FROM users
            WHERE id > $1
              AND ${role === null ? '$3::text IS NULL' : 'role = $3'}
              AND ${status === null ? '$4::text IS NULL' : 'status = $4'}
              AND ${customRoleId === null ? '$5::uuid IS NULL' : 'custom_role_id = $5'}
            ORDER BY id LIMIT $2`,
          params,
        )
      : this.database.query(SEARCH_PEOPLE, [...params, search]);
  }
}

type NullableFilter = { [Key in keyof PeopleFilter]: PeopleFilter[Key] | null } & {
  search?: string | undefined;
};
