import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { decodePageCursor, type PageQuery, toPage } from '@poc-tracker/http-service';
import { FeatureSettingsService } from '../../tenant/feature-settings.service.js';
import { CollaboratorRepository } from './collaborator.repository.js';
import { type CollaboratorPageResponse, toCollaboratorResponse } from './collaborator.response.js';
import { settingDisabled } from '../poc.rules.js';
import { PocService } from '../poc.service.js';

@Injectable()
export class CollaboratorService {
  constructor(
    private readonly collaborators: CollaboratorRepository,
    private readonly pocs: PocService,
    private readonly settings: FeatureSettingsService,
  ) {}

  /** @throws ApiError NOT_FOUND. */
  async list(
    principal: Principal,
    pocId: string,
    query: PageQuery,
  ): Promise<CollaboratorPageResponse> {
    await this.pocs.get(pocId);
    const { tenantId } = principal;
    const { limit, cursor } = query;
    const list = { list: 'collaborators', pocId };
    const after = cursor === undefined ? null : decodePageCursor(tenantId, cursor, list);
    const rows = await this.collaborators.listAfter(pocId, after, limit + 1);
    const { items, nextCursor } = toPage(tenantId, rows, limit, list, ({ userId }) => userId);
    return { items: items.map(toCollaboratorResponse), nextCursor };
  }

  /**
   * An inactive or suspended user is answered like an unknown one: users without `manage_users` do not see them either.
   * @throws ApiError NOT_FOUND if the tenant has no such POC or active user, INSUFFICIENT_PERMISSIONS.
   */
  async add(principal: Principal, pocId: string, userId: string): Promise<void> {
    await this.pocs.getOwned(principal, pocId);
    const { enableCollaboration } = await this.settings.read();
    if (!enableCollaboration) throw settingDisabled('enableCollaboration');
    const { tenantId, userId: addedBy } = principal;
    if (!(await this.collaborators.isActiveUser(tenantId, userId))) throw new ApiError('NOT_FOUND');
    await this.collaborators.add({ tenantId, pocId, userId, addedBy });
  }

  /** @throws ApiError NOT_FOUND, INSUFFICIENT_PERMISSIONS. */
  async remove(principal: Principal, pocId: string, userId: string): Promise<void> {
    await this.pocs.getOwned(principal, pocId);
    if (!(await this.collaborators.remove(pocId, userId))) throw new ApiError('NOT_FOUND');
  }
}
