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

/** Compares with the bounds of the prefix: under row-level security, PostgreSQL uses an index for comparisons but not for LIKE. */
const LIST_BY_TITLE = `
  SELECT ${COLUMNS} FROM pocs
   WHERE status = ANY ($1) AND ($2::uuid IS NULL OR created_by = $2)
     AND title_search >= search_key($5) AND title_search < search_key($5) || U&'\\+10FFFF'
     AND (title_search, id) > ($6, coalesce($3::uuid, '${NIL_UUID}'))
   ORDER BY title_search, id LIMIT $4`;

const FIND_FOR_USER = `
  SELECT ${COLUMNS}, EXISTS (
           SELECT FROM poc_collaborators c WHERE c.poc_id = pocs.id AND c.user_id = $2) AS collaborates
    FROM pocs WHERE id = $1`;

/** The fields of a POC that a client can set. */
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

/** The POCs of the current transaction's tenant: row-level security hides all others. */
@Injectable()
export class PocRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** @throws QueryFailedError of the limit trigger (POC_LIMIT_EXCEEDED). */
  async insert(
    poc: PocFields & { id: string; tenantId: string; createdBy: string },
  ): Promise<PocRow> {
    const [row] = await this.database.query<PocRow>(
      `INSERT INTO pocs (tenant_id, id, title, description, status, is_public, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
      [poc.tenantId, poc.id, poc.title, poc.description, poc.status, poc.isPublic, poc.createdBy],
    );
    if (row === undefined) throw new Error('The INSERT returned no row.');
    return row;
  }

  async find(id: string): Promise<PocRow | undefined> {
    const [row] = await this.database.query<PocRow>(`SELECT ${COLUMNS} FROM pocs WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  /** The POC, and whether the user is one of its collaborators. */
  async findForUser(
    id: string,
    userId: string,
  ): Promise<(PocRow & { collaborates: boolean }) | undefined> {
    const [row] = await this.database.query<PocRow & { collaborates: boolean }>(FIND_FOR_USER, [
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

  /** POCs after the given id, oldest first. */
  async listOldest(after: string | null, limit: number): Promise<PocRow[]> {
    return this.database.query<PocRow>(LIST_OLDEST, [after, limit]);
  }

  /**
   * Updates the given fields only, so that concurrent changes of other fields are kept.
   * @returns undefined if there is no such POC or it may not be updated.
   */
  async update(id: string, fields: Partial<PocFields>): Promise<PocRow | undefined> {
    const { title = null, description = null, status = null, isPublic = null } = fields;
    const [row] = await this.database.query<PocRow>(
      `UPDATE pocs SET title = coalesce($2, title), description = coalesce($3, description),
              status = coalesce($4, status), is_public = coalesce($5, is_public)
        WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, title, description, status, isPublic],
    );
    return row;
  }

  /**
   * Deletes the POC with its collaborators and the rows of its files.
   * @returns the ids of the files, complete or not; undefined if there is no such POC or it may not be deleted.
   */
  async delete(id: string): Promise<string[] | undefined> {
    // The lock makes new uploads wait until they find no POC, so that the list of files is complete.
    await this.database.query('SELECT id FROM pocs WHERE id = $1 FOR UPDATE', [id]);
    const files = await this.database.query<{ id: string }>(
      'SELECT id FROM poc_files WHERE poc_id = $1',
      [id],
    );
    const deleted = await this.database.query('DELETE FROM pocs WHERE id = $1 RETURNING id', [id]);
    return deleted.length === 0 ? undefined : files.map((file) => file.id);
  }
}
