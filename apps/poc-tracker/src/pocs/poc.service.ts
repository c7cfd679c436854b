import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { decodePagePosition, toPage } from '@poc-tracker/http-service';
import { contextWithoutRights, TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { FileStorage } from '../storage/file-storage.js';
import { FeatureSettingsReader } from '../tenant/feature-settings.js';
import type { ChangePocDto, ListPocsQuery, WritePocDto } from './poc.dto.js';
import { formatPosition, parsePosition } from './poc-position.js';
import { type PocFields, PocRepository } from './poc.repository.js';
import {
  type PocPageResponse,
  type PocResponse,
  type PocRow,
  type PublicPocResponse,
  toPocResponse,
  toPublicPocResponse,
} from './poc.response.js';
import { assertMayEditPoc, assertOwnsPoc, type PocRelation, switchedOff } from './poc.rules.js';

/** The POCs of a tenant. */
@Injectable()
export class PocService {
  constructor(
    private readonly pocs: PocRepository,
    private readonly settings: FeatureSettingsReader,
    private readonly database: TenantDatabase,
    private readonly storage: FileStorage,
  ) {}

  /** @throws ApiError POC_LIMIT_EXCEEDED, INSUFFICIENT_PERMISSIONS for a public one that the tenant does not allow. */
  async create(author: Principal, input: WritePocDto): Promise<PocResponse> {
    const fields = withDefaults(input);
    if (fields.isPublic) await this.assertPublicAllowed();
    return toPocResponse(
      await this.pocs.insert({
        ...fields,
        id: uuidv7(),
        tenantId: author.tenantId,
        createdBy: author.userId,
      }),
    );
  }

  /** @throws ApiError VALIDATION_ERROR for a cursor that is none. */
  async list(person: Principal, query: ListPocsQuery): Promise<PocPageResponse> {
    const { tenantId, userId } = person;
    const { limit, cursor, status, search } = query;
    const createdBy = query.author === 'me' ? userId : undefined;
    const list = { list: 'pocs', status, search, createdBy };
    const after =
      cursor === undefined ? undefined : parsePosition(decodePagePosition(tenantId, cursor, list));
    const rows = await this.pocs.list({ status, search, createdBy, after, limit: limit + 1 });
    const { items, nextCursor } = toPage(tenantId, rows, limit, list, ({ id, titleSearch }) =>
      formatPosition({ id, title: search === undefined ? '' : titleSearch }),
    );
    return { items: items.map(toPocResponse), nextCursor };
  }

  /** @throws ApiError NOT_FOUND. */
  async read(id: string): Promise<PocResponse> {
    const row = await this.pocs.find(id);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPocResponse(row);
  }

  /** Writes the whole POC anew. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async replace(person: Principal, id: string, input: WritePocDto): Promise<PocResponse> {
    return this.write(person, await this.editable(person, id), withDefaults(input));
  }

  /** Changes what is stated. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async change(person: Principal, id: string, input: ChangePocDto): Promise<PocResponse> {
    return this.write(person, await this.editable(person, id), input);
  }

  /**
   * A public POC of the tenant, for anybody: the policies let its row be seen only while the tenant allows it.
   * @throws ApiError NOT_FOUND.
   */
  async readPublic(tenantId: string, id: string): Promise<PublicPocResponse> {
    const row = await this.database.transaction(contextWithoutRights(tenantId), () =>
      this.pocs.find(id),
    );
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPublicPocResponse(row);
  }

  /** The POC, for a change of whatever belongs to it. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async editable(person: Principal, id: string): Promise<PocRow & PocRelation> {
    const poc = await this.pocs.findWithStake(id, person.userId);
    if (poc === undefined) throw new ApiError('NOT_FOUND');
    assertMayEditPoc(person, poc, await this.settings.read());
    return poc;
  }

  /** The POC, for what only its owners may do. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async owned(person: Principal, id: string): Promise<PocRow> {
    const poc = await this.pocs.find(id);
    if (poc === undefined) throw new ApiError('NOT_FOUND');
    assertOwnsPoc(person, poc);
    return poc;
  }

  /**
   * Deletes a POC with everything that belongs to it. The rows go first: a file without a row is swept away later, a row
   * without its file would be a lie.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async remove(person: Principal, id: string): Promise<void> {
    const files = await this.asPrincipal(person, async () => {
      await this.owned(person, id);
      const deleted = await this.pocs.delete(id);
      if (deleted === undefined) throw new ApiError('NOT_FOUND');
      return deleted;
    });
    for (const file of files) await this.storage.remove({ tenantId: person.tenantId, id: file });
  }

  /** Runs `work` in a transaction of its own with the rights of the principal, where the request has none. */
  asPrincipal<T>(principal: Principal, work: () => Promise<T>): Promise<T> {
    return this.database.transaction(principal, work);
  }

  /** Whoever repeats what they read of a POC's being public has not set it, and undoes no owner who changed it since. */
  private async write(
    person: Principal,
    poc: PocRow & PocRelation,
    { isPublic = poc.isPublic, ...stated }: Partial<PocFields>,
  ): Promise<PocResponse> {
    const changed = isPublic !== poc.isPublic;
    if (changed) {
      assertOwnsPoc(person, poc);
      if (isPublic) await this.assertPublicAllowed();
    }
    const row = await this.pocs.update(poc.id, changed ? { ...stated, isPublic } : stated);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPocResponse(row);
  }

  private async assertPublicAllowed(): Promise<void> {
    const { allowPublicPocs } = await this.settings.read();
    if (!allowPublicPocs) throw switchedOff('allowPublicPocs');
  }
}

function withDefaults(input: WritePocDto): PocFields {
  const { title, description = '', status = 'draft', isPublic = false } = input;
  return { title, description, status, isPublic };
}
