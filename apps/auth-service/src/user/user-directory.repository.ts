import { NIL_UUID, type Role, type UserStatus } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import {
  isSearched,
  KEEP_TO_INDEX_ORDER,
  SEARCH_START,
  SEARCH_STATEMENTS,
  searchParameters,
  type SearchPosition,
} from './user-search.js';
import type { UserRecord } from './user.entity.js';
import { SELECT_USER } from './user.repository.js';

/** Which users a list contains. Omitted fields do not restrict it. */
export interface UserFilter {
  role?: Role | undefined;
  status?: UserStatus | undefined;
  customRoleId?: string | undefined;
}

/** A user and the position of the search at that user. */
export type FoundUser = UserRecord & { position: SearchPosition };

const FIND_USERS = `${SELECT_USER} WHERE u.id = ANY ($1) ORDER BY u.id`;

/**
 * The ids of up to $2 users after an id ($1), with a role ($3), a status ($4) and a custom role ($5). Filters that are not
 * set are left out of the statement: `$3 IS NULL OR …` cannot be an index condition. PostgreSQL needs a type for each
 * unused parameter, hence the casts.
 */
export function listStatement({ role, status, customRoleId }: UserFilter): string {
  return `SELECT id FROM users
    WHERE id > $1
      AND ${role === undefined ? '$3::text IS NULL' : 'role = $3'}
      AND ${status === undefined ? '$4::text IS NULL' : 'status = $4'}
      AND ${customRoleId === undefined ? '$5::uuid IS NULL' : 'custom_role_id = $5'}
    ORDER BY id LIMIT $2`;
}

/** Lists the users of the current transaction's tenant that the current user may see. */
@Injectable()
export class UserDirectoryRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Users in the order of their ids, which is that of their creation, after the given one. */
  async list(filter: UserFilter, after: string | null, limit: number): Promise<UserRecord[]> {
    const { role = null, status = null, customRoleId = null } = filter;
    await this.database.query(KEEP_TO_INDEX_ORDER);
    const found = await this.database.query<{ id: string }>(
      // eslint-disable-next-line poc/sql-from-constants -- listStatement joins constants
      listStatement(filter),
      [after ?? NIL_UUID, limit, role, status, customRoleId],
    );
    return this.find(found);
  }

  /** Users whose email address, name or last name starts with a text: in this order, each group in alphabetical order. */
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
      if (source < start.source || found.length >= limit || !isSearched(source, text)) continue;
      const position = source === start.source ? start : { ...SEARCH_START, source };
      const rows = await this.database.query<{ id: string; key: string }>(
        // eslint-disable-next-line poc/sql-from-constants -- one of a list of constants
        statement,
        searchParameters(text, position, limit - found.length, [role, status, customRoleId]),
      );
      found.push(...rows.map((row) => ({ ...row, source })));
    }
    const users = new Map((await this.find(found)).map((user) => [user.id, user]));
    return found.flatMap((position) => {
      const user = users.get(position.id);
      return user === undefined ? [] : [{ ...user, position }];
    });
  }

  private async find(found: readonly { id: string }[]): Promise<UserRecord[]> {
    const ids = found.map(({ id }) => id);
    return ids.length === 0 ? [] : this.database.query<UserRecord>(FIND_USERS, [ids]);
  }
}
