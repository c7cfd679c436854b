import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { TENANT_HEADER, TenantResolver, uuidv7 } from '@poc-tracker/tenancy';
import type { HealthCheck } from './health-check.js';

/** The resolver looks a tenant up as for any request, and says of an id that nobody has that nobody has it. */
@Injectable()
export class TenantResolutionCheck implements HealthCheck {
  readonly name = 'tenant_resolution';
  readonly critical = true;

  constructor(@Inject(TenantResolver) private readonly resolver: Pick<TenantResolver, 'resolve'>) {}

  async probe(): Promise<Record<string, unknown>> {
    // Another id each time, so that no memory of unknown tenants can answer for the database.
    const request = {
      host: 'localhost',
      headers: { [TENANT_HEADER]: uuidv7() },
      query: {},
      raw: { rawHeaders: [] },
    };
    try {
      await this.resolver.resolve(request);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'INVALID_TENANT') return {};
      throw error;
    }
    throw new Error('A tenant was found for an id that nobody has.');
  }
}
