import { NIL_UUID } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { KEEP_TO_INDEX_ORDER, type SearchPosition } from '../user-search.js';
import type { ColleagueResponse } from './colleague.dto.js';

/** A colleague and the position of the list at them. */
export type FoundColleague = ColleagueResponse & { position: SearchPosition };

/** The columns that list_colleagues() looks a text up in: the name, then the last name. */
const SOURCES = 2;

const LIST_COLLEAGUES = `
  SELECT id, coalesce(first_name, '') AS "firstName", coalesce(last_name, '') AS "lastName", avatar_url AS "avatarUrl", key
    FROM list_colleagues($1, search_key($2), $3, $4, $5)`;

/** The active users of the current tenant, with the fields that every user may read. */
@Injectable()
export class ColleagueRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Colleagues whose name or last name starts with a text, in alphabetical order, after a position. */
  async list(
    text: string | undefined,
    after: SearchPosition,
    limit: number,
  ): Promise<FoundColleague[]> {
    const found: FoundColleague[] = [];
    await this.database.query(KEEP_TO_INDEX_ORDER);
    // Without a text everybody is found by the first source.
    const sources = text === undefined ? 1 : SOURCES;
    for (let source = after.source; source < sources && found.length < limit; source += 1) {
      const { key, id } = source === after.source ? after : { key: '', id: NIL_UUID };
      const rows = await this.database.query<ColleagueResponse & { key: string }>(LIST_COLLEAGUES, [
        source,
        text ?? '',
        key,
        id,
        limit - found.length,
      ]);
      found.push(
        ...rows.map(({ key, ...colleague }) => ({
          ...colleague,
          position: { source, key, id: colleague.id },
        })),
      );
    }
    return found;
  }
}
