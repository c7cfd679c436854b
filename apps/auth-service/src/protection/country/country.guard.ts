import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiError } from '@poc-tracker/contracts';
import { currentRequest, findCurrentRequest, type RequestContext } from '@poc-tracker/tenancy';
import type { SecurityEvent } from '../../audit/security-events.js';
import { CountryAccess, type CountryDetails } from './country-access.js';

const EVENT = 'poc-tracker:refused-by-country';

const detailsOf = new WeakMap<RequestContext, CountryDetails>();

/**
 * Runs before the body is validated, an account is looked up and a password is hashed: a refusal is cheap, and the same for
 * every account, known or not.
 */
@Injectable()
class CountryGuard implements CanActivate {
  constructor(
    private readonly countries: CountryAccess,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = currentRequest();
    const { tenant, client } = request;
    if (tenant === undefined) throw new ApiError('TENANT_REQUIRED');
    const type = this.reflector.get<SecurityEvent['type']>(EVENT, context.getHandler());
    detailsOf.set(request, await this.countries.assertAllowed(tenant, client, { type }));
    return true;
  }
}

/**
 * For a route by which a user gets a session: only for clients in countries that the tenant allows.
 * @param event that records a refusal, as a failure
 */
export function FromAllowedCountries(event: SecurityEvent['type']): MethodDecorator {
  return applyDecorators(SetMetadata(EVENT, event), UseGuards(CountryGuard));
}

/** For the audit log: where the client of the current request is, on a route with {@link FromAllowedCountries}. */
export function countryDetails(): CountryDetails {
  const request = findCurrentRequest();
  return (request && detailsOf.get(request)) ?? {};
}
