import { Injectable } from '@nestjs/common';
import { ApiError, type CountryPolicy, NIL_UUID, type PlanChange } from '@poc-tracker/contracts';
import { decodePageCursor, toPage } from '@poc-tracker/http-service';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { TenantCreationService } from '../../auth/signup/tenant-creation.service.js';
import type { PlanChangeResponse } from '../../tenant/entitlements/entitlement.response.js';
import { EntitlementService } from '../../tenant/entitlements/entitlement.service.js';
import { OperatorAccess } from '../access/operator-access.js';
import type { OperatorActor } from '../operator-actor.js';
import type { CreatePlatformTenantDto, ListTenantsQuery } from './platform-tenant.dto.js';
import { PlatformTenantRepository } from './platform-tenant.repository.js';
import {
  type CreatedTenantResponse,
  type PlatformTenantPage,
  type PlatformTenantResponse,
  type PlatformUsageResponse,
  toPlatformTenant,
} from './platform-tenant.response.js';

/** The cursor of a page is bound to a tenant; the list of tenants belongs to none. */
const NO_TENANT = NIL_UUID;

/**
 * Tenants as operators see them. Every access, reading included, is recorded in the audit log of the tenant, in the same
 * transaction: if the entry cannot be written, the access fails.
 */
@Injectable()
export class PlatformTenantService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenants: PlatformTenantRepository,
    private readonly events: SecurityEvents,
    private readonly accesses: OperatorAccess,
    private readonly entitlements: EntitlementService,
    private readonly creation: TenantCreationService,
  ) {}

  /** One page of tenants in the order of their creation. @throws ApiError VALIDATION_ERROR for an invalid cursor. */
  async list(filter: ListTenantsQuery, actor: OperatorActor): Promise<PlatformTenantPage> {
    const { limit, status = null, plan = null, search } = filter;
    const list = {
      list: 'tenants',
      status: filter.status,
      plan: filter.plan,
      search: filter.search,
    };
    const after =
      filter.cursor === undefined ? null : decodePageCursor(NO_TENANT, filter.cursor, list);
    const { operatorId } = actor;
    return this.database.transaction({ tenantId: null, operatorId }, async (transaction) => {
      const wanted = { status, plan, search };
      const found = await this.tenants.list(transaction, wanted, after, limit + 1);
      const page = toPage(NO_TENANT, found, limit, list);
      const listed = page.items.map(({ id }) => id);
      await this.accesses.recordListing(transaction, listed, actor);
      return page;
    });
  }

  /** @throws ApiError NOT_FOUND. */
  async get(tenantId: string, actor: OperatorActor): Promise<PlatformTenantResponse> {
    return this.inTenant(tenantId, actor, async (transaction) => {
      const tenant = await this.getIn(transaction, tenantId);
      await this.accesses.record(transaction, { tenantId, action: 'read' }, actor);
      return tenant;
    });
  }

  /** For a change in this transaction, which records its access itself. @throws ApiError NOT_FOUND. */
  async getIn(transaction: SqlRunner, tenantId: string): Promise<PlatformTenantResponse> {
    const row = await this.tenants.find(transaction, tenantId);
    if (row === null) throw new ApiError('NOT_FOUND');
    return toPlatformTenant(row);
  }

  /** @throws ApiError NOT_FOUND. */
  async getUsage(tenantId: string, actor: OperatorActor): Promise<PlatformUsageResponse> {
    return this.inTenant(tenantId, actor, async (transaction) => {
      const { usage } = await this.getIn(transaction, tenantId);
      await this.accesses.record(transaction, { tenantId, action: 'usage' }, actor);
      return usage;
    });
  }

  /** The id of the tenant with this id or subdomain in any case, for the command line. @throws ApiError NOT_FOUND. */
  async findByIdOrSubdomain(name: string): Promise<string> {
    const id = await this.tenants.findId(name.toLowerCase());
    if (id === null) throw new ApiError('NOT_FOUND');
    return id;
  }

  /**
   * Creates a tenant with its default settings and its first admin, who logs in with a temporary password and must change
   * it. It also works where sign-up is closed.
   * @throws ApiError TENANT_EXISTS, SERVICE_BUSY.
   */
  async create(
    input: CreatePlatformTenantDto,
    actor: OperatorActor,
  ): Promise<CreatedTenantResponse> {
    const prepared = await this.creation.prepareWithTemporaryPassword(input);
    const { tenantId, temporaryPassword } = prepared;
    return this.inTenant(tenantId, actor, async (transaction) => {
      const expiresAt = await this.creation.createWithTemporaryPassword(
        transaction,
        prepared,
        actor.details,
      );
      const tenant = await this.getIn(transaction, tenantId);
      return { tenant, adminEmail: input.adminEmail, temporaryPassword, expiresAt };
    });
  }

  /** Changes plan, features and limits (see EntitlementService). @throws ApiError NOT_FOUND, VALIDATION_ERROR. */
  async changePlan(
    tenantId: string,
    change: PlanChange,
    actor: OperatorActor,
  ): Promise<PlanChangeResponse> {
    return this.inTenant(tenantId, actor, async (transaction) => {
      const changed = await this.entitlements.changePlan(transaction, tenantId, change);
      await this.record(transaction, tenantId, 'tenant.plan_changed', actor, { ...change });
      return changed;
    });
  }

  /**
   * Switches the country policy of a tenant off, for one whose admins have all locked themselves out.
   * @returns what it was, or null if it was off already
   */
  async resetCountryPolicy(
    tenantId: string,
    actor: OperatorActor,
  ): Promise<CountryPolicy['mode'] | null> {
    return this.inTenant(tenantId, actor, async (transaction) => {
      const before = await this.tenants.resetCountryPolicy(transaction, tenantId);
      if (before !== null) {
        const changed = ['security.countryPolicy'];
        await this.record(transaction, tenantId, 'tenant.settings_changed', actor, { changed });
      }
      return before;
    });
  }

  private async record(
    transaction: SqlRunner,
    tenantId: string,
    type: 'tenant.plan_changed' | 'tenant.settings_changed',
    { operatorId, details }: OperatorActor,
    more: Record<string, unknown>,
  ): Promise<void> {
    await this.events.recordIn(transaction, {
      type,
      result: 'success',
      actorId: operatorId,
      target: { type: 'tenant', id: tenantId },
      details: { ...more, ...details },
    });
  }

  private inTenant<T>(
    tenantId: string,
    { operatorId }: OperatorActor,
    work: (transaction: SqlRunner) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction({ tenantId, operatorId }, work);
  }
}
