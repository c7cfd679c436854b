import { Injectable } from '@nestjs/common';
import { MAX_UUID, NIL_UUID } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { POC_STATUSES, type PocStatus } from './poc.dto.js';
import type { PocPosition } from './poc-position.js';
import type { PocRow } from './poc.response.js';

const COLUMNS = `id, title, title_search AS "titleSearch", description, status, is_public AS "isPublic",
  created_by AS "createdBy", created_at AS "createdAt", updated_at AS "updatedAt"`;

const LIST_NEWEST = `
  SELECT ${COLUMNS} FROM pocs
   WHERE status = ANY ($1) AND ($2::uuid IS NULL OR created_by = $2)
     AND id < coalesce($3::uuid, '${MAX_UUID}')
   ORDER BY id DESC LIMIT $4`;

const LIST_OLDEST = `
  SELECT ${COLUMNS} FROM pocs
   WHERE id > coalesce($1::uuid, '${NIL_UUID}')
   ORDER BY id LIMIT $2`;

/** Between the prefix and the last text that begins with it: an index serves comparisons below a policy, LIKE it does not. */
const LIST_BY_TITLE = `
  SELECT ${COLUMNS} FROM pocs
   WHERE status = ANY ($1) AND ($2::uuid IS NULL OR created_by = $2)
     AND title_search >= lower($5) AND title_search < lower($5) || U&'\\+10FFFF'
     AND (title_search, id) > ($6, coalesce($3::uuid, '${NIL_UUID}'))
   ORDER BY title_search, id LIMIT $4`;

const FIND_WITH_STAKE = `
  SELECT ${COLUMNS}, EXISTS (
           SELECT FROM poc_collaborators c WHERE c.poc_id = pocs.id AND c.user_id = $2) AS collaborates
    FROM pocs WHERE id = $1`;

/** What a client can set of a POC. */
export interface PocFields {
  title: string;
  description: string;
  status: PocStatus;
  isPublic: boolean;
}

export interface PocFilter {
  status?: PocStatus | undefined;
  createdBy?: string | undefined;
  search?: string | undefined;
  after?: PocPosition | undefined;
  limit: number;
}

/** Questions about the POCs of the current transaction's tenant; row-level security answers for no other. */
@Injectable()
export class PocRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** @throws the database's refusal of one POC too many (POC_LIMIT_EXCEEDED). */
  async insert(
    poc: PocFields & { id: string; tenantId: string; createdBy: string },
  ): Promise<PocRow> {
    const [row] = await this.database.query<PocRow>(
      `INSERT INTO pocs (tenant_id, id, title, description, status, is_public, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
      [poc.tenantId, poc.id, poc.title, poc.description, poc.status, poc.isPublic, poc.createdBy],
    );
    if (row === undefined) throw new Error('The new POC was not given back.');
    return row;
  }

  async find(id: string): Promise<PocRow | undefined> {
    const [row] = await this.database.query<PocRow>(`SELECT ${COLUMNS} FROM pocs WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  /** The POC, and whether the person is one of its collaborators. */
  async findWithStake(
    id: string,
    userId: string,
  ): Promise<(PocRow & { collaborates: boolean }) | undefined> {
    const [row] = await this.database.query<PocRow & { collaborates: boolean }>(FIND_WITH_STAKE, [
      id,
      userId,
    ]);
    return row;
  }

  async list({ status, createdBy, search, after, limit }: PocFilter): Promise<PocRow[]> {
    const statuses = status === undefined ? POC_STATUSES : [status];
    const filter = [statuses, createdBy ?? null, after?.id ?? null, limit];
    return search === undefined
      ? this.database.query<PocRow>(LIST_NEWEST, filter)
      : this.database.query<PocRow>(LIST_BY_TITLE, [...filter, search, after?.title ?? '']);
  }

  /** POCs in the order of their making, after the one given. */
  async listOldest(after: string | null, limit: number): Promise<PocRow[]> {
    return this.database.query<PocRow>(LIST_OLDEST, [after, limit]);
  }

  /**
   * Writes what is stated. The rest stays as it is at that moment, which may be later than when it was read.
   * @returns undefined when there is no such POC, or none that may be written.
   */
  async update(id: string, stated: Partial<PocFields>): Promise<PocRow | undefined> {
    const { title = null, description = null, status = null, isPublic = null } = stated;
    const [row] = await this.database.query<PocRow>(
      `UPDATE pocs SET title = coalesce($2, title), description = coalesce($3, description),
              status = coalesce($4, status), is_public = coalesce($5, is_public)
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, title, description, status, isPublic],
    );
    return row;
  }

  /**
   * Deletes the POC, and with it its collaborators and files.
   * @returns the ids of the files, complete or not; undefined when there was no such POC, or none that may be deleted.
   */
  async delete(id: string): Promise<string[] | undefined> {
    // Locked first: an upload that begins after it finds no POC, so that no file is missing from the list.
    await this.database.query('SELECT id FROM pocs WHERE id = $1 FOR UPDATE', [id]);
    const files = await this.database.query<{ id: string }>(
      'SELECT id FROM poc_files WHERE poc_id = $1',
      [id],
    );
    const deleted = await this.database.query('DELETE FROM pocs WHERE id = $1 RETURNING id', [id]);
    return deleted.length === 0 ? undefined : files.map((file) => file.id);
  }
}
