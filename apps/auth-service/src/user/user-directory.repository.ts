import { NIL_UUID, type Role, type UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import {
  KEEP_TO_INDEX_ORDER,
  SEARCH_START,
  SEARCH_STATEMENTS,
  type SearchPosition,
} from './user-search.js';
import type { UserRecord } from './user.entity.js';
import { SELECT_PERSON } from './user.repository.js';

/** Which people a list shows; what is left out does not matter. */
export interface UserFilter {
  role?: Role | undefined;
  status?: UserStatus | undefined;
  customRoleId?: string | undefined;
}

/** Somebody who was found, and where the search stands with them. */
export type FoundUser = UserRecord & { position: SearchPosition };

const FIND_PEOPLE = `${SELECT_PERSON} WHERE u.id = ANY ($1) ORDER BY u.id`;

/**
 * Ids of people behind an id ($1), as many as $2, of a role ($3), a status ($4) and a role of the tenant ($5). Filters that
 * are not asked for are no part of the statement: as `$3 IS NULL OR …` they could not be conditions of an index. A parameter
 * that stays unused must be named all the same.
 */
export function listStatement({ role, status, customRoleId }: UserFilter): string {
  return `SELECT id FROM users
    WHERE id > $1
      AND ${role === undefined ? '$3::text IS NULL' : 'role = $3'}
      AND ${status === undefined ? '$4::text IS NULL' : 'status = $4'}
      AND ${customRoleId === undefined ? '$5::uuid IS NULL' : 'custom_role_id = $5'}
    ORDER BY id LIMIT $2`;
}

/** The people of the current transaction's tenant as a list, whoever of them the caller may see. */
@Injectable()
export class UserDirectoryRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** People in the order of their ids, which is that of their creation, after the one given. */
  async list(filter: UserFilter, after: string | null, limit: number): Promise<UserRecord[]> {
    const { role = null, status = null, customRoleId = null } = filter;
    await this.database.query(KEEP_TO_INDEX_ORDER);
    const found = await this.database.query<{ id: string }>(
      // eslint-disable-next-line poc/sql-from-constants -- listStatement puts it together of constants
      listStatement(filter),
      [after ?? NIL_UUID, limit, role, status, customRoleId],
    );
    return this.find(found);
  }

  /** People whose address, name or last name begins with a text, in this order and each in alphabetical order. */
  async search(
    text: string,
    filter: UserFilter,
    after: SearchPosition | null,
    limit: number,
  ): Promise<FoundUser[]> {
    const { role = null, status = null, customRoleId = null } = filter;
    const start = after ?? SEARCH_START;
    const found: SearchPosition[] = [];
    await this.database.query(KEEP_TO_INDEX_ORDER);
    for (const [source, statement] of SEARCH_STATEMENTS.entries()) {
      if (source < start.source || found.length >= limit) continue;
      const { key, id } = source === start.source ? start : SEARCH_START;
      const rows = await this.database.query<{ id: string; key: string }>(
        // eslint-disable-next-line poc/sql-from-constants -- one of a list of constants
        statement,
        [key, id, limit - found.length, text, role, status, customRoleId],
      );
      found.push(...rows.map((row) => ({ ...row, source })));
    }
    const people = new Map((await this.find(found)).map((person) => [person.id, person]));
    return found.flatMap((position) => {
      const person = people.get(position.id);
      return person === undefined ? [] : [{ ...person, position }];
    });
  }

  private async find(found: readonly { id: string }[]): Promise<UserRecord[]> {
    const ids = found.map(({ id }) => id);
    return ids.length === 0 ? [] : this.database.query<UserRecord>(FIND_PEOPLE, [ids]);
  }
}
