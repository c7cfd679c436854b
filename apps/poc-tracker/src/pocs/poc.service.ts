import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { decodePagePosition, toPage } from '@poc-tracker/http-service';
import { contextWithoutRights, TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { FileStorage } from '../storage/file-storage.js';
import { FeatureSettingsService } from '../tenant/feature-settings.service.js';
import type { UpdatePocDto, ListPocsQuery, PocDto } from './poc.dto.js';
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
import { assertMayEditPoc, assertOwnsPoc, type PocRelation, settingDisabled } from './poc.rules.js';

@Injectable()
export class PocService {
  constructor(
    private readonly pocs: PocRepository,
    private readonly settings: FeatureSettingsService,
    private readonly database: TenantDatabase,
    private readonly storage: FileStorage,
  ) {}

  /** @throws ApiError POC_LIMIT_EXCEEDED, INSUFFICIENT_PERMISSIONS if the tenant does not allow public POCs. */
  async create(principal: Principal, input: PocDto): Promise<PocResponse> {
    const fields = withDefaults(input);
    if (fields.isPublic) await this.assertPublicAllowed();
    return toPocResponse(
      await this.pocs.insert({
        ...fields,
        id: uuidv7(),
        tenantId: principal.tenantId,
        createdBy: principal.userId,
      }),
    );
  }

  /** @throws ApiError VALIDATION_ERROR for an invalid cursor. */
  async list(principal: Principal, query: ListPocsQuery): Promise<PocPageResponse> {
    const { tenantId, userId } = principal;
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
  async get(id: string): Promise<PocResponse> {
    const row = await this.pocs.find(id);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPocResponse(row);
  }

  /** Replaces all fields. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async replace(principal: Principal, id: string, input: PocDto): Promise<PocResponse> {
    return this.write(principal, await this.getEditable(principal, id), withDefaults(input));
  }

  /** Updates the given fields. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async update(principal: Principal, id: string, input: UpdatePocDto): Promise<PocResponse> {
    return this.write(principal, await this.getEditable(principal, id), input);
  }

  /**
   * A public POC of the tenant, without authentication. The policies make it visible only while the tenant allows it.
   * @throws ApiError NOT_FOUND.
   */
  async getPublic(tenantId: string, id: string): Promise<PublicPocResponse> {
    const row = await this.database.transaction(contextWithoutRights(tenantId), () =>
      this.pocs.find(id),
    );
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPublicPocResponse(row);
  }

  /** The POC, if the principal may edit it. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async getEditable(principal: Principal, id: string): Promise<PocRow & PocRelation> {
    const poc = await this.pocs.findForUser(id, principal.userId);
    if (poc === undefined) throw new ApiError('NOT_FOUND');
    assertMayEditPoc(principal, poc, await this.settings.read());
    return poc;
  }

  /** The POC, if the principal owns it. @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async getOwned(principal: Principal, id: string): Promise<PocRow> {
    const poc = await this.pocs.find(id);
    if (poc === undefined) throw new ApiError('NOT_FOUND');
    assertOwnsPoc(principal, poc);
    return poc;
  }

  /**
   * Deletes a POC, its collaborators and its files. The rows are deleted first: the sweep removes a file without a row, but
   * a row without a file could not be repaired.
   * @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS.
   */
  async delete(principal: Principal, id: string): Promise<void> {
    const files = await this.asPrincipal(principal, async () => {
      await this.getOwned(principal, id);
      const deleted = await this.pocs.delete(id);
      if (deleted === undefined) throw new ApiError('NOT_FOUND');
      return deleted;
    });
    for (const file of files) await this.storage.remove({ tenantId: principal.tenantId, id: file });
  }

  /** Runs `work` in its own transaction as the principal, for routes without a request transaction. */
  asPrincipal<T>(principal: Principal, work: () => Promise<T>): Promise<T> {
    return this.database.transaction(principal, work);
  }

  /** An unchanged `isPublic` is not written, so that it needs no ownership and does not undo a concurrent change. */
  private async write(
    principal: Principal,
    poc: PocRow & PocRelation,
    { isPublic = poc.isPublic, ...fields }: Partial<PocFields>,
  ): Promise<PocResponse> {
    const changed = isPublic !== poc.isPublic;
    if (changed) {
      assertOwnsPoc(principal, poc);
      if (isPublic) await this.assertPublicAllowed();
    }
    const row = await this.pocs.update(poc.id, changed ? { ...fields, isPublic } : fields);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return toPocResponse(row);
  }

  private async assertPublicAllowed(): Promise<void> {
    const { allowPublicPocs } = await this.settings.read();
    if (!allowPublicPocs) throw settingDisabled('allowPublicPocs');
  }
}

function withDefaults(input: PocDto): PocFields {
  const { title, description = '', status = 'draft', isPublic = false } = input;
  return { title, description, status, isPublic };
}
