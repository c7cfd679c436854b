import { pipeline, type Readable, Transform } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { currentPrincipal, type Principal, SessionStatusService } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readRange } from './byte-range.js';
import { attachment } from './content-headers.js';
import type { FileResponse } from './file.response.js';
import { FileService } from './file.service.js';

/** Permissions can be revoked, so a cached copy must be revalidated. The same in a 304, which updates the copy's headers. */
const CACHING = { 'cache-control': 'private, no-cache' };

/** Handles downloads with conditional and range requests (RFC 9110, 13 and 14). */
@Injectable()
export class ContentService {
  constructor(
    private readonly files: FileService,
    private readonly sessionStatus: SessionStatusService,
  ) {}

  /** @throws ApiError NOT_FOUND, RANGE_NOT_SATISFIABLE. */
  async download(
    principal: Principal,
    { pocId, fileId }: { pocId: string; fileId: string },
    { headers }: Pick<FastifyRequest, 'headers'>,
    reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
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
    return new StreamableFile(this.whileActive(principal, content));
  }

  /**
   * Breaks off when the session ends: a large file takes a slow client hours. The status of the session is cached, so
   * checks are cheap.
   */
  private whileActive(principal: Principal, content: Readable): Readable {
    const checked = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        currentPrincipal(principal, this.sessionStatus, {}).then(() => done(null, chunk), done);
      },
    });
    // Destroys the other stream when one fails or the client disconnects, so that no file stays open.
    return pipeline(content, checked, () => undefined);
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
