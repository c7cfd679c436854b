import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Principal, SessionStatusService, toSessionClaims } from '@poc-tracker/auth-kit';
import { ApiError, isReadOnly } from '@poc-tracker/contracts';
import { rawBodyType } from '@poc-tracker/http-service';
import { uuidv7 } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { PocService } from '../pocs/poc.service.js';
import type { Draft } from '../storage/draft.js';
import { FileStorage } from '../storage/file-storage.js';
import { readMediaType } from './content-headers.js';
import { TransferSlots } from '../storage/transfer-slots.js';
import { FileRepository, type Reservation } from './file.repository.js';
import { type FileResponse, type FileRow, toFileResponse } from './file.response.js';
import { LeftoverRepository } from './leftover.repository.js';

const VIDEO = 'video_generation';

/**
 * Uploads files in three steps, so that no transaction waits for a client: a short transaction reserves the stated size
 * within the tenant's limit; the content is received outside a transaction; a second short transaction completes the file.
 * A failure releases the reservation. The sweep releases it after a crash.
 */
@Injectable()
export class UploadService {
  private readonly logger = new Logger(UploadService.name);

  constructor(
    @Inject(TRACKER_CONFIG) private readonly config: Pick<TrackerConfig, 'files'>,
    private readonly files: FileRepository,
    private readonly pocs: PocService,
    private readonly storage: FileStorage,
    private readonly leftovers: LeftoverRepository,
    private readonly sessionStatus: SessionStatusService,
    private readonly slots: TransferSlots,
  ) {}

  /**
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS, STORAGE_LIMIT_EXCEEDED, PAYLOAD_TOO_LARGE, VALIDATION_ERROR,
   *   FEATURE_NOT_AVAILABLE, RATE_LIMIT_EXCEEDED or SERVICE_BUSY while too many transfers run, and the errors of a session that
   *   ends during the upload.
   */
  async upload(
    principal: Principal,
    pocId: string,
    name: string,
    request: FastifyRequest,
  ): Promise<FileResponse> {
    const free = this.slots.take({ user: principal.userId, tenant: principal.tenantId });
    try {
      return await this.receive(principal, pocId, name, request);
    } finally {
      free();
    }
  }

  private async receive(
    principal: Principal,
    pocId: string,
    name: string,
    request: FastifyRequest,
  ): Promise<FileResponse> {
    const size = this.statedSize(request);
    const contentType = acceptedType(request, principal);
    const file: Reservation = {
      tenantId: principal.tenantId,
      id: uuidv7(),
      pocId,
      name,
      size,
      contentType,
      createdBy: principal.userId,
    };
    // The draft is created before the reservation, so that the sweep finds every abandoned reservation by its draft.
    const draft = await this.storage.begin(file);
    try {
      await this.pocs.asPrincipal(principal, async () => {
        await this.pocs.getEditable(principal, pocId);
        await this.files.reserve(file);
      });
      const sha256 = await draft.receive(request.raw, size);
      await draft.keep();
      return toFileResponse(await this.complete(principal, file, sha256));
    } catch (error) {
      await this.rollBack(file, draft);
      throw isFull(error) ? new ApiError('SERVICE_UNAVAILABLE', { cause: error }) : error;
    }
  }

  /** An upload may take an hour, so the permissions are checked again. */
  private async complete(
    principal: Principal,
    file: Reservation,
    sha256: Buffer,
  ): Promise<FileRow> {
    const { permissions, tenant } = await this.sessionStatus.currentRights(
      toSessionClaims(principal),
    );
    if (isReadOnly(tenant, Date.now())) throw new ApiError('SUBSCRIPTION_ENDED');
    const current = { ...principal, permissions };
    return this.pocs.asPrincipal(current, async () => {
      await this.pocs.getEditable(current, file.pocId);
      const row = await this.files.complete(file.id, sha256);
      if (row === undefined) throw new ApiError('NOT_FOUND');
      return row;
    });
  }

  /** Never rejects: the sweep settles what fails here. */
  private async rollBack({ tenantId, id, createdBy }: Reservation, draft: Draft): Promise<void> {
    try {
      await draft.close();
      const [settled] = await this.leftovers.settle({ tenantId, userId: createdBy }, [id]);
      // If the response of the commit was lost, the file is complete and must be kept.
      if (settled?.complete !== true) await this.storage.discard({ tenantId, id });
    } catch (error) {
      this.logger.warn(`An upload was not rolled back: ${(error as Error).message}`);
    }
  }

  /** The size must be stated before the upload, because it is reserved within the tenant's limit. */
  private statedSize(request: FastifyRequest): number {
    const stated = request.headers['content-length'];
    if (stated === undefined || !/^\d{1,15}$/.test(stated)) {
      throw ApiError.validation({
        field: 'content-length',
        message: 'must be the size of the file in bytes',
      });
    }
    const size = Number(stated);
    const { maxUploadBytes } = this.config.files;
    if (size > maxUploadBytes)
      throw new ApiError('PAYLOAD_TOO_LARGE', { details: { limit: maxUploadBytes } });
    return size;
  }
}

/** The disk or a quota of the operating system is full, which is not an error of the request. */
function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function acceptedType(request: FastifyRequest, { tenant }: Principal): string {
  const type = readMediaType(rawBodyType(request));
  if (type === undefined)
    throw ApiError.validation({ field: 'content-type', message: 'must be a media type' });
  if (type.startsWith('video/') && !tenant.features[VIDEO]) {
    throw ApiError.featureNotAvailable(VIDEO);
  }
  return type;
}
