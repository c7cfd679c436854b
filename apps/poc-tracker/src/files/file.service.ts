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

/** The files of POCs. */
@Injectable()
export class FileService {
  constructor(
    private readonly files: FileRepository,
    private readonly pocs: PocService,
    private readonly storage: FileStorage,
  ) {}

  /** @throws ApiError NOT_FOUND. */
  async list(person: Principal, pocId: string, query: PageQuery): Promise<FilePageResponse> {
    await this.pocs.read(pocId);
    const { tenantId } = person;
    const { limit, cursor } = query;
    const list = { list: 'files', pocId };
    const before = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    const rows = await this.files.listBefore(pocId, before, limit + 1);
    const { items, nextCursor } = toPage(tenantId, rows, limit, list);
    return { items: items.map(toFileResponse), nextCursor };
  }

  /** @throws ApiError NOT_FOUND. */
  async read(pocId: string, id: string): Promise<FileResponse> {
    return toFileResponse(await this.find(pocId, id));
  }

  /** As `read`, in a transaction of its own. @throws ApiError NOT_FOUND. */
  async readAs(person: Principal, pocId: string, id: string): Promise<FileResponse> {
    return this.pocs.asPrincipal(person, () => this.read(pocId, id));
  }

  /** The content of a file, or a part of it. @throws ApiError NOT_FOUND when it was deleted in this moment. */
  async open(
    person: Principal,
    file: Pick<FileResponse, 'id' | 'pocId' | 'size'>,
    range: ByteRange | undefined,
  ): Promise<ReadStream> {
    try {
      return await this.storage.read({ tenantId: person.tenantId, id: file.id }, file.size, range);
    } catch (error) {
      await this.readAs(person, file.pocId, file.id);
      throw error;
    }
  }

  /**
   * The row goes first and the content once that is committed. Whoever uploaded a file may delete it, and the owners of
   * the POC any of its files.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async remove(person: Principal, pocId: string, id: string): Promise<void> {
    await this.pocs.asPrincipal(person, async () => {
      const file = await this.find(pocId, id);
      if (file.createdBy === person.userId) await this.pocs.editable(person, pocId);
      else await this.pocs.owned(person, pocId);
      if (!(await this.files.delete(id))) throw new ApiError('NOT_FOUND');
    });
    await this.storage.remove({ tenantId: person.tenantId, id });
  }

  private async find(pocId: string, id: string): Promise<FileRow> {
    const file = await this.files.find(pocId, id);
    if (file === undefined) throw new ApiError('NOT_FOUND');
    return file;
  }
}
