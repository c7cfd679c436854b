import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { Scheduler } from '../../schedule/scheduler.js';
import { OperatorRepository } from './operator.repository.js';
import { OperatorsTenantService } from './operators-tenant.service.js';

/** For a database that was used outside of production before: an instance that starts checks it after ten seconds. */
const EVERY_MS = 60_000;

/**
 * Requires a second factor of operators, by the setting `security.requireMFA` of their tenant, so that it holds in all services at
 * once. No route can change that setting: the database accepts it from the operators' login only.
 */
@Injectable()
export class OperatorFactorRequirement implements OnModuleInit {
  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'tenancy'>,
    private readonly scheduler: Scheduler,
    private readonly operators: OperatorRepository,
    private readonly tenant: OperatorsTenantService,
  ) {}

  onModuleInit(): void {
    if (this.config.tenancy.operatorMfa !== 'required') return;
    this.scheduler.register({
      name: 'require-operator-factors',
      everyMs: EVERY_MS,
      run: () => this.apply(),
    });
  }

  /** Writes the setting if it is due. Call it before an operator is activated. */
  async apply(): Promise<void> {
    if (this.config.tenancy.operatorMfa !== 'required') return;
    if ((await this.tenant.find()) === null) return;
    await this.tenant.transaction({ operatorId: null }, (transaction, tenantId) =>
      this.operators.requireFactors(transaction, tenantId),
    );
  }
}
