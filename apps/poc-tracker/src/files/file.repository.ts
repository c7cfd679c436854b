import { Injectable } from '@nestjs/common';
import { MAX_UUID } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { FileRow } from './file.response.js';

const COLUMNS = `id, poc_id AS "pocId", file_name AS name, file_size AS size, content_type AS "contentType",
  content_sha256 AS sha256, created_by AS "createdBy", uploaded_at AS "uploadedAt"`;

/** The row of a file before its upload. */
export interface Reservation {
  tenantId: string;
  id: string;
  pocId: string;
  name: string;
  size: number;
  contentType: string;
  createdBy: string;
}

/** The files of the current transaction's tenant. Reads return completed uploads only. */
@Injectable()
export class FileRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Reserves storage before the upload. @throws QueryFailedError of the limit trigger (STORAGE_LIMIT_EXCEEDED). */
  async reserve(file: Reservation): Promise<void> {
    await this.database.query(
      `INSERT INTO poc_files (tenant_id, id, poc_id, file_name, file_size, content_type, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [file.tenantId, file.id, file.pocId, file.name, file.size, file.contentType, file.createdBy],
    );
  }

  /** @returns undefined if the reservation no longer exists, because the POC was deleted meanwhile. */
  async complete(id: string, sha256: Buffer): Promise<FileRow | undefined> {
    const [row] = await this.database.query<FileRow>(
      `UPDATE poc_files SET content_sha256 = $2, uploaded_at = now()
        WHERE id = $1 AND uploaded_at IS NULL RETURNING ${COLUMNS}`,
      [id, sha256],
    );
    return row;
  }

  async find(pocId: string, id: string): Promise<FileRow | undefined> {
    const [row] = await this.database.query<FileRow>(
      `SELECT ${COLUMNS} FROM poc_files WHERE poc_id = $1 AND id = $2 AND uploaded_at IS NOT NULL`,
      [pocId, id],
    );
    return row;
  }

  async listBefore(pocId: string, id: string | null, limit: number): Promise<FileRow[]> {
    return this.database.query<FileRow>(
      `SELECT ${COLUMNS} FROM poc_files
        WHERE poc_id = $1 AND uploaded_at IS NOT NULL
          AND id < coalesce($2::uuid, '${MAX_UUID}')
        ORDER BY id DESC LIMIT $3`,
      [pocId, id, limit],
    );
  }

  /** @returns false if there is no such file or it may not be deleted. */
  async delete(id: string): Promise<boolean> {
    const rows = await this.database.query('DELETE FROM poc_files WHERE id = $1 RETURNING id', [
      id,
    ]);
    return rows.length > 0;
  }
}
