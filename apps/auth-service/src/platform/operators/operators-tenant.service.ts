import { Injectable } from '@nestjs/common';
import { ApiError, PLATFORM_SUBDOMAIN } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { TenantService } from '../../tenant/tenant.service.js';
import type { OperatorActor } from '../operator-actor.js';

type TenantWork<T> = (transaction: SqlRunner, tenantId: string) => Promise<T>;

/** The tenant whose users are the operators. The first invitation or service client creates it. */
@Injectable()
export class OperatorsTenantService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenants: TenantService,
  ) {}

  /** @returns its id, or null if it does not exist yet. */
  async find(): Promise<string | null> {
    return this.tenants.findOperatorsTenant(this.database);
  }

  /**
   * Creates it if it does not exist.
   * @returns its id
   * @throws the database's refusal if an ordinary tenant uses its subdomain (TENANT_EXISTS).
   */
  async ensure({ operatorId }: OperatorActor): Promise<string> {
    const existing = await this.find();
    if (existing !== null) return existing;
    const id = uuidv7();
    const tenant = { id, name: 'Platform', subdomain: PLATFORM_SUBDOMAIN, isPlatform: true };
    try {
      await this.database.transaction({ tenantId: id, operatorId }, (transaction) =>
        this.tenants.create(transaction, { ...tenant, plan: 'enterprise' }),
      );
      return id;
    } catch (error) {
      // Of two commands at once, one creates it.
      const other = await this.find();
      if (other === null) throw error;
      return other;
    }
  }

  /** Runs `work` in a transaction of this tenant. @throws ApiError NOT_FOUND if it does not exist yet, and as `work` does. */
  async transaction<T>({ operatorId }: OperatorActor, work: TenantWork<T>): Promise<T> {
    const tenantId = await this.find();
    if (tenantId === null) throw new ApiError('NOT_FOUND');
    return this.database.transaction({ tenantId, operatorId }, (transaction) =>
      work(transaction, tenantId),
    );
  }
}
