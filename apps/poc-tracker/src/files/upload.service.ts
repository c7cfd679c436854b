import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Principal, SessionStatusService, toSessionClaims } from '@poc-tracker/auth-kit';
import { ApiError, isReadOnly, plansWithFeature } from '@poc-tracker/contracts';
import { rawBodyType } from '@poc-tracker/http-service';
import { uuidv7 } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
import { TRACKER_CONFIG, type TrackerConfig } from '../config/tracker-config.js';
import { PocService } from '../pocs/poc.service.js';
import type { Draft } from '../storage/draft.js';
import { FileStorage } from '../storage/file-storage.js';
import { readMediaType } from './content-headers.js';
import { FileRepository, type Reservation } from './file.repository.js';
import { type FileResponse, type FileRow, toFileResponse } from './file.response.js';
import { LeftoverRepository } from './leftover.repository.js';

const VIDEO = 'video_generation';

/**
 * Takes files in. Three steps, so that no transaction waits for a client: a short one counts the stated bytes against
 * the tenant's limit; the content comes, outside of any; a second short one shows the file. Whatever fails in between
 * gives the bytes back, and what a crash leaves is settled by the sweep.
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
  ) {}

  /**
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS, STORAGE_LIMIT_EXCEEDED, PAYLOAD_TOO_LARGE, VALIDATION_ERROR,
   *   FEATURE_NOT_AVAILABLE, and those of a session that ended while the content came.
   */
  async upload(
    person: Principal,
    pocId: string,
    name: string,
    request: FastifyRequest,
  ): Promise<FileResponse> {
    const size = this.statedSize(request);
    const contentType = acceptedType(request, person);
    const file: Reservation = {
      tenantId: person.tenantId,
      id: uuidv7(),
      pocId,
      name,
      size,
      contentType,
      createdBy: person.userId,
    };
    // Before the reservation: a sweep finds every reservation that was left behind by the draft beside it.
    const draft = await this.storage.begin(file);
    try {
      await this.pocs.asPrincipal(person, async () => {
        await this.pocs.editable(person, pocId);
        await this.files.reserve(file);
      });
      const sha256 = await draft.receive(request.raw, size);
      await draft.keep();
      return toFileResponse(await this.show(person, file, sha256));
    } catch (error) {
      await this.takeBack(file, draft);
      throw isFull(error) ? new ApiError('SERVICE_UNAVAILABLE', { cause: error }) : error;
    }
  }

  /** The content may have come for an hour: what the person may do is asked anew. */
  private async show(person: Principal, file: Reservation, sha256: Buffer): Promise<FileRow> {
    const { permissions, tenant } = await this.sessionStatus.currentRights(toSessionClaims(person));
    if (isReadOnly(tenant, Date.now())) throw new ApiError('SUBSCRIPTION_ENDED');
    const asNow = { ...person, permissions };
    return this.pocs.asPrincipal(asNow, async () => {
      await this.pocs.editable(asNow, file.pocId);
      const row = await this.files.complete(file.id, sha256);
      if (row === undefined) throw new ApiError('NOT_FOUND');
      return row;
    });
  }

  /** Never rejects: what cannot be settled now is settled by the sweep. */
  private async takeBack({ tenantId, id, createdBy }: Reservation, draft: Draft): Promise<void> {
    try {
      await draft.close();
      const [settled] = await this.leftovers.settle({ tenantId, userId: createdBy }, [id]);
      // A commit whose answer was lost has shown the file all the same.
      if (settled?.complete !== true) await this.storage.discard({ tenantId, id });
    } catch (error) {
      this.logger.warn(`An upload could not be taken back yet: ${(error as Error).message}`);
    }
  }

  /** Known before the first byte is read, because the limit is held against it. */
  private statedSize(request: FastifyRequest): number {
    const stated = request.headers['content-length'];
    if (stated === undefined || !/^\d{1,15}$/.test(stated)) {
      throw ApiError.validation({
        field: 'content-length',
        message: 'must state the size of the file in bytes',
      });
    }
    const size = Number(stated);
    const { maxUploadBytes } = this.config.files;
    if (size > maxUploadBytes)
      throw new ApiError('PAYLOAD_TOO_LARGE', { details: { limit: maxUploadBytes } });
    return size;
  }
}

/** No room on the disk, or none that this account may take: the operators' to mend, and no fault of the request. */
function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function acceptedType(request: FastifyRequest, { tenant }: Principal): string {
  const type = readMediaType(rawBodyType(request));
  if (type === undefined)
    throw ApiError.validation({ field: 'content-type', message: 'must be a media type' });
  if (type.startsWith('video/') && !tenant.features[VIDEO]) {
    throw new ApiError('FEATURE_NOT_AVAILABLE', {
      details: { feature: VIDEO, plans: plansWithFeature(VIDEO) },
    });
  }
  return type;
}
