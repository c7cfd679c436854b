import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { TENANT_HEADER, TenantResolver, uuidv7 } from '@poc-tracker/tenancy';
import type { ServiceCheck } from './health-check.js';

/** Resolves an unknown tenant id as for any request, and expects INVALID_TENANT. */
@Injectable()
export class TenantResolutionCheck implements ServiceCheck {
  readonly name = 'tenant_resolution';
  readonly critical = true;

  constructor(@Inject(TenantResolver) private readonly resolver: Pick<TenantResolver, 'resolve'>) {}

  async probe(): Promise<Record<string, unknown>> {
    // A new id each time, so that the answer comes from the database and not from the cache of unknown tenants.
    const request = {
      host: 'localhost',
      headers: { [TENANT_HEADER]: uuidv7() },
      query: {},
    };
    try {
      await this.resolver.resolve(request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'INVALID_TENANT') return {};
      throw error;
    }
    throw new Error('A tenant was found for an unknown id.');
  }
}
