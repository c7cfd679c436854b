import { pipeline, type Readable, Transform } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import type { FreeSlot } from '@poc-tracker/http-service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TransferSlots } from '../storage/transfer-slots.js';
import { readRange } from './byte-range.js';
import { attachment } from './content-headers.js';
import type { FileResponse } from './file.response.js';
import { FileService } from './file.service.js';

/** Permissions can be revoked, so a cached copy must be revalidated. The same in a 304, which updates the copy's headers. */
const CACHING = { 'cache-control': 'private, no-cache' };

interface FileAddress {
  pocId: string;
  fileId: string;
}

/** Handles downloads with conditional and range requests (RFC 9110, 13 and 14). */
@Injectable()
export class ContentService {
  constructor(
    private readonly files: FileService,
    private readonly sessionStatus: SessionStatusService,
    private readonly slots: TransferSlots,
  ) {}

  /** @throws ApiError NOT_FOUND, RANGE_NOT_SATISFIABLE, and RATE_LIMIT_EXCEEDED or SERVICE_BUSY while too many transfers run. */
  async download(
    principal: Principal,
    address: FileAddress,
    request: Pick<FastifyRequest, 'headers'>,
    reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    // First, so that refused requests cost no look-up.
    const free = this.slots.take({ user: principal.userId, tenant: principal.tenantId });
    try {
      const content = await this.open(principal, address, request, reply);
      if (content !== undefined)
        return new StreamableFile(this.whileActive(principal, content, free));
    } catch (error) {
      free();
      throw error;
    }
    free();
    return undefined;
  }

  /** Writes the headers, and returns the content if the client does not have it yet. */
  private async open(
    principal: Principal,
    { pocId, fileId }: FileAddress,
    { headers }: Pick<FastifyRequest, 'headers'>,
    reply: FastifyReply,
  ): Promise<Readable | undefined> {
    const file = await this.files.getAs(principal, pocId, fileId);
    const tag = `"${file.sha256}"`;
    if (matches(headers['if-none-match'], tag)) {
      void reply.code(304).headers({ ...CACHING, etag: tag });
      return undefined;
    }
    // If-Range with a date is not supported, so it never matches.
    const rangeApplies = headers['if-range'] === undefined || headers['if-range'] === tag;
    const range = rangeApplies ? readRange(headers.range, file.size) : undefined;
    if (range === 'unsatisfiable') {
      void reply.header('content-range', `bytes */${file.size}`);
      throw new ApiError('RANGE_NOT_SATISFIABLE', { details: { size: file.size } });
    }
    const content = await this.files.open(principal, file, range);
    void reply.headers({ ...headersOf(file), etag: tag });
    if (range !== undefined) {
      const { start, end } = range;
      void reply.code(206).headers({
        'content-range': `bytes ${start}-${end}/${file.size}`,
        'content-length': end - start + 1,
      });
    }
    return content;
  }

  /**
   * Breaks off when the session ends: a large file takes a slow client hours. The status of the session is cached, so
   * checks are cheap.
   * @param free called once, when the download ends in any way
   */
  private whileActive(principal: Principal, content: Readable, free: FreeSlot): Readable {
    const checked = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        currentPrincipal(principal, this.sessionStatus, {}).then(() => done(null, chunk), done);
      },
    });
    // Destroys the other stream when one fails or the client disconnects, so that no file stays open.
    return pipeline(content, checked, free);
  }
}

function headersOf(file: FileResponse): Record<string, string | number> {
  return {
    'content-type': file.contentType,
    'content-length': file.size,
    'content-disposition': attachment(file.name),
    'accept-ranges': 'bytes',
    ...CACHING,
  };
}

/** Whether an If-None-Match header contains the tag, by weak comparison (RFC 9110, 13.1.2). */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((entry) => entry.trim().replace(/^W\//, ''));
  return tags.includes(tag) || tags.includes('*');
}
