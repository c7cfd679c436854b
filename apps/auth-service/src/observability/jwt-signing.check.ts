import { Inject, Injectable } from '@nestjs/common';
import { AccessTokenVerifier } from '@poc-tracker/auth-kit';
import { NIL_UUID, PLAN_CATALOGUE, type TenantSnapshot } from '@poc-tracker/contracts';
import { uuidv7 } from '@poc-tracker/tenancy';
import { TokenIssuer } from '../session/tokens/token-issuer.js';
import type { ServiceCheck } from './health-check.js';

const PROBE_TENANT: TenantSnapshot = {
  id: NIL_UUID,
  name: 'health',
  subdomain: 'health',
  customDomain: null,
  plan: 'basic',
  status: 'canceled',
  subscriptionEndsAt: null,
  isPlatform: false,
  ...PLAN_CATALOGUE.basic,
};

/** Checks that a token signed by this service is accepted by it: the private key matches the published one. */
@Injectable()
export class JwtSigningCheck implements ServiceCheck {
  readonly name = 'jwt_signing';
  readonly critical = true;

  constructor(
    @Inject(TokenIssuer) private readonly issuer: Pick<TokenIssuer, 'accessToken'>,
    @Inject(AccessTokenVerifier) private readonly verifier: Pick<AccessTokenVerifier, 'verify'>,
  ) {}

  async probe(): Promise<Record<string, unknown>> {
    const sessionId = uuidv7();
    const { token } = await this.issuer.accessToken({
      user: { id: NIL_UUID, role: 'viewer', permissions: [] },
      tenant: PROBE_TENANT,
      sessionId,
      generation: 0,
      amr: [],
      authenticatedAt: new Date(),
    });
    const claims = this.verifier.verify(token);
    if (claims.session_id !== sessionId)
      throw new Error('The verified token is not the one that was signed.');
    return {};
  }
}
