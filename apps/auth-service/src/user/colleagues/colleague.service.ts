import type { Principal } from '@poc-tracker/auth-kit';
import { Injectable } from '@nestjs/common';
import { decodePagePosition, toPage } from '@poc-tracker/http-service';
import { formatPosition, parsePosition, SEARCH_START } from '../user-search.js';
import type { ColleaguePageResponse, ListColleaguesQuery } from './colleague.dto.js';
import { ColleagueRepository } from './colleague.repository.js';

/** The users of a tenant as every one of them sees the others. */
@Injectable()
export class ColleagueService {
  constructor(private readonly colleagues: ColleagueRepository) {}

  /** @throws ApiError VALIDATION_ERROR for the cursor of another list. */
  async list(
    { tenantId }: Principal,
    { cursor, limit, q: search }: ListColleaguesQuery,
  ): Promise<ColleaguePageResponse> {
    const list = { list: 'colleagues', search };
    const after =
      cursor === undefined
        ? SEARCH_START
        : parsePosition(decodePagePosition(tenantId, cursor, list));
    const found = await this.colleagues.list(search, after, limit + 1);
    const { items, nextCursor } = toPage(tenantId, found, limit, list, ({ position }) =>
      formatPosition(position),
    );
    return { items: items.map(({ position: _position, ...colleague }) => colleague), nextCursor };
  }
}
