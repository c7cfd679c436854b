import { Injectable } from '@nestjs/common';
import { ApiError, RECENT_PROOF } from '@poc-tracker/contracts';
import { assertFresh, type Principal } from '@poc-tracker/auth-kit';
import { currentRequest } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { CountryDatabase } from '../../protection/country/country-database.js';
import { checkCountry } from '../../protection/country/country-policy.js';
import { changedSettings, readSettingsChange } from './settings-change.js';
import type { TenantSettings } from './settings-catalogue.js';
import { type ResolvedSettings, valuesOf } from './settings-resolution.js';
import { SettingsRepository } from './settings.repository.js';
import { SettingsService } from './settings.service.js';

const TIMEOUT = 'security.sessionTimeout';
const LIFETIME = 'security.sessionLifetime';

/** In the order in which an error names one. */
const COUNTRY_SETTINGS = [
  'security.deniedCountries',
  'security.allowedCountries',
  'security.countryPolicy',
];

/** Changes the settings of the current transaction's tenant. */
@Injectable()
export class SettingsChangeService {
  constructor(
    private readonly settings: SettingsService,
    private readonly repository: SettingsRepository,
    private readonly countries: CountryDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Changes the given settings; null restores the default. A shorter `security.sessionTimeout` or
   * `security.sessionLifetime` also applies to active sessions, by a trigger, and a longer one only to new ones. A country
   * policy that would refuse the address of the caller is not accepted.
   * @throws ApiError VALIDATION_ERROR with the path of each wrong field; STEP_UP_REQUIRED for the group `security`, without a recent
   *   proof of identity; INVALID_TENANT.
   */
  async change(principal: Principal, input: object): Promise<ResolvedSettings> {
    const { tenantId } = principal;
    const changes = readSettingsChange(input);
    if (changes.length === 0) return this.settings.resolved();
    if (changes.some(({ group }) => group === 'security')) assertFresh(principal, RECENT_PROOF);
    for (const change of changes) await this.repository.merge(tenantId, change);
    const resolved = await this.settings.resolved();
    const changed = changedSettings(changes);
    const { security } = valuesOf(resolved);
    assertTimeoutWithinLifetime(security, changed);
    this.assertCallerIsAllowed(security, changed);
    await this.events.record({
      type: 'tenant.settings_changed',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details: { changed },
    });
    return resolved;
  }

  /**
   * A typing error must not lock out the admin who could correct it.
   * @throws ApiError VALIDATION_ERROR, for the setting that was changed.
   */
  private assertCallerIsAllowed(
    {
      countryPolicy,
      allowedCountries: allowed,
      deniedCountries: denied,
    }: TenantSettings['security'],
    changed: readonly string[],
  ): void {
    const field = COUNTRY_SETTINGS.find((setting) => changed.includes(setting));
    if (field === undefined || countryPolicy !== 'enforce') return;
    const country = this.countries.countryOf(currentRequest().client?.ipAddress);
    if (checkCountry({ mode: countryPolicy, allowed, denied }, country) === 'refused')
      throw ApiError.validation({
        field,
        message: 'must not refuse the country of your own address',
      });
  }
}

/**
 * Asked of the stored result and not of the change: the row is locked by then, so that two changes at once cannot each
 * agree with a value that the other one replaces.
 * @throws ApiError VALIDATION_ERROR, for the setting that was changed.
 */
function assertTimeoutWithinLifetime(
  { sessionTimeout, sessionLifetime }: TenantSettings['security'],
  changed: readonly string[],
): void {
  if (sessionTimeout <= sessionLifetime) return;
  if (changed.includes(TIMEOUT))
    throw ApiError.validation({
      field: TIMEOUT,
      message: `must not be longer than ${LIFETIME}, which is ${sessionLifetime} hours`,
    });
  if (changed.includes(LIFETIME))
    throw ApiError.validation({
      field: LIFETIME,
      message: `must not be shorter than ${TIMEOUT}, which is ${sessionTimeout} hours`,
    });
}
