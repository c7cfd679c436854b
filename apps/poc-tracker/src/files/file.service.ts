import type { ReadStream } from 'node:fs';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { PocService } from '../pocs/poc.service.js';
import { FileStorage } from '../storage/file-storage.js';
import type { ByteRange } from './byte-range.js';
import { FileRepository } from './file.repository.js';
import {
  type FilePageResponse,
  type FileResponse,
  type FileRow,
  toFileResponse,
} from './file.response.js';

@Injectable()
export class FileService {
  constructor(
    private readonly files: FileRepository,
    private readonly pocs: PocService,
    private readonly storage: FileStorage,
  ) {}

  /** @throws ApiError NOT_FOUND. */
  async list(principal: Principal, pocId: string, query: PageQuery): Promise<FilePageResponse> {
    await this.pocs.get(pocId);
    const { tenantId } = principal;
    const { limit, cursor } = query;
    const list = { list: 'files', pocId };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    const rows = await this.files.listBefore(pocId, before, limit + 1);
    const { items, nextCursor } = toPage(tenantId, rows, limit, list);
    return { items: items.map(toFileResponse), nextCursor };
  }

  /** @throws ApiError NOT_FOUND. */
  async get(pocId: string, id: string): Promise<FileResponse> {
    return toFileResponse(await this.find(pocId, id));
  }

  /** `get` in its own transaction. @throws ApiError NOT_FOUND. */
  async getAs(principal: Principal, pocId: string, id: string): Promise<FileResponse> {
    return this.pocs.asPrincipal(principal, () => this.get(pocId, id));
  }

  /** Opens the content of a file, or a range of it. @throws ApiError NOT_FOUND if it was deleted meanwhile. */
  async open(
    principal: Principal,
    file: Pick<FileResponse, 'id' | 'pocId' | 'size'>,
    range: ByteRange | undefined,
  ): Promise<ReadStream> {
    try {
      return await this.storage.read(
        { tenantId: principal.tenantId, id: file.id },
        file.size,
        range,
      );
    } catch (error) {
      await this.getAs(principal, file.pocId, file.id);
      throw error;
    }
  }

  /**
   * Users may delete the files that they uploaded, and owners of the POC all its files. The row is deleted first, and the
   * content after the commit.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async delete(principal: Principal, pocId: string, id: string): Promise<void> {
    await this.pocs.asPrincipal(principal, async () => {
      const file = await this.find(pocId, id);
      if (file.createdBy === principal.userId) await this.pocs.getEditable(principal, pocId);
      else await this.pocs.getOwned(principal, pocId);
      if (!(await this.files.delete(id))) throw new ApiError('NOT_FOUND');
    });
    await this.storage.remove({ tenantId: principal.tenantId, id });
  }

  private async find(pocId: string, id: string): Promise<FileRow> {
    const file = await this.files.find(pocId, id);
    if (file === undefined) throw new ApiError('NOT_FOUND');
    return file;
  }
}
