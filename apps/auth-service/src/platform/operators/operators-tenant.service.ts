import { Injectable } from '@nestjs/common';
import { PLATFORM_SUBDOMAIN } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner, uuidv7 } from '@poc-tracker/tenancy';
import { TenantService } from '../../tenant/tenant.service.js';
import type { OperatorActor } from '../operator-actor.js';

const FIND = 'SELECT id FROM tenants WHERE is_platform';

/** The tenant whose users are the operators. It is created when it is first needed. */
@Injectable()
export class OperatorsTenantService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenants: TenantService,
  ) {}

  /** @returns its id, or null if it does not exist yet. */
  async find(): Promise<string | null> {
    const [found] = await this.database.query<{ id: string }>(FIND);
    return found?.id ?? null;
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
        this.tenants.create({ ...tenant, plan: 'enterprise' }, transaction),
      );
      return id;
    } catch (error) {
      // Of two commands at once, one creates it.
      const other = await this.find();
      if (other === null) throw error;
      return other;
    }
  }

  /** Runs `work` in a transaction of this tenant. @throws as `ensure` and `work` do. */
  async transaction<T>(
    actor: OperatorActor,
    work: (transaction: SqlRunner, tenantId: string) => Promise<T>,
  ): Promise<T> {
    const tenantId = await this.ensure(actor);
    const { operatorId } = actor;
    return this.database.transaction({ tenantId, operatorId }, (transaction) =>
      work(transaction, tenantId),
    );
  }
}
