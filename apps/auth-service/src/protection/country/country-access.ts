import { Injectable } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import type { RequestClient } from '@poc-tracker/tenancy';
import { type SecurityEvent, SecurityEvents } from '../../audit/security-events.js';
import { CountryDatabase } from './country-database.js';
import { checkCountry } from './country-policy.js';

/** What the audit log says about where a client is. */
export interface CountryDetails {
  /** Absent if the address is of no known country. */
  readonly country?: string;
  /** Present if the tenant only observes. */
  readonly countryPolicy?: 'would_refuse';
}

/** Refuses clients by the country policy of their tenant. */
@Injectable()
export class CountryAccess {
  constructor(
    private readonly database: CountryDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Records a refusal as a failure of the event, with the country, which the answer does not name. Call it outside of a
   * transaction.
   * @returns what to record if the client is allowed
   * @throws ApiError LOCATION_NOT_ALLOWED
   */
  async assertAllowed(
    tenant: TenantSnapshot,
    client: Pick<RequestClient, 'ipAddress'> | undefined,
    event: Pick<SecurityEvent, 'type' | 'target'>,
  ): Promise<CountryDetails> {
    const country = this.database.countryOf(client?.ipAddress);
    const verdict = checkCountry(tenant.countries, country);
    if (verdict === 'refused') {
      const refusal = new ApiError('LOCATION_NOT_ALLOWED');
      const details = { reason: refusal.code, country };
      await this.events.recordRefusal(tenant.id, { ...event, result: 'failure', details });
      throw refusal;
    }
    return {
      ...(country !== undefined && { country }),
      ...(verdict === 'would_refuse' && { countryPolicy: verdict }),
    };
  }
}
