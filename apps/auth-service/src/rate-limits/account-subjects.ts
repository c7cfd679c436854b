import { createHmac, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { RateLimitSubjects, type RouteGroup, type Subjects } from '@poc-tracker/rate-limit';
import { addressBlock, TenantResolver } from '@poc-tracker/tenancy';
import { checkEmail, emailSearchKey, MAX_EMAIL_OCTETS } from '@poc-tracker/text';
import type { FastifyRequest } from 'fastify';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { readClientCredentials } from '../oauth/clients/client-credentials.js';
import { TokenIssuer } from '../session/tokens/token-issuer.js';

/** Before normalization an address may be longer; what is longer still is refused by validation. */
const MAX_RAW_EMAIL = 4 * MAX_EMAIL_OCTETS;

const MAX_TOKEN = 4_096;

const NONE: Subjects = {};

/** Whose attempts a request counts among: the account of an address, the session of a refresh token, or a service client. */
@Injectable()
export class AccountSubjects extends RateLimitSubjects {
  /** Every instance has the same. It is not the secret that signs tokens. */
  private readonly key: Buffer;

  constructor(
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'tokens'>,
    private readonly issuer: TokenIssuer,
    private readonly tenants: TenantResolver,
  ) {
    super();
    this.key = Buffer.from(hkdfSync('sha256', config.tokens.refreshSecret, '', 'rate-limit', 32));
  }

  /** The refresh token is verified: with a forged one, anyone could use up the budget of another user. */
  override of(
    request: FastifyRequest,
    group: RouteGroup,
    tenantId: string | undefined,
  ): Subjects | Promise<Subjects> {
    if (group === 'oauth') return this.clientOf(request);
    const account = this.accountIn(request, group);
    if (account === undefined) return NONE;
    return group === 'refresh'
      ? this.sessionOf(account)
      : { user: this.hash(`${tenantId ?? ''} ${account}`) };
  }

  /** The key of the address, which is the same for every way to write it, or the refresh token. */
  override accountIn({ body }: FastifyRequest, group: RouteGroup): string | undefined {
    const { email, refreshToken } = (body ?? {}) as Readonly<Record<string, unknown>>;
    if (group === 'refresh')
      return typeof refreshToken === 'string' && refreshToken.length <= MAX_TOKEN
        ? refreshToken
        : undefined;
    if (typeof email !== 'string' || email.length > MAX_RAW_EMAIL) return undefined;
    const checked = checkEmail(email);
    return 'text' in checked ? emailSearchKey(checked.text) : undefined;
  }

  override hash(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }

  private async sessionOf(refreshToken: string): Promise<Subjects> {
    let claims;
    try {
      claims = this.issuer.verifyRefresh(refreshToken);
    } catch {
      return NONE;
    }
    return { user: claims.sub, tenant: await this.tenants.findById(claims.tenant_id) };
  }

  /**
   * The client is authenticated later, so its address is part of the source: with a wrong secret, nobody elsewhere can use up
   * its budget.
   */
  private clientOf({ headers, body, ip }: FastifyRequest): Subjects {
    try {
      const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
      const { id } = readClientCredentials(headers.authorization, fields);
      return { client: this.hash(`${id} ${addressBlock(ip)}`) };
    } catch {
      return NONE;
    }
  }
}
