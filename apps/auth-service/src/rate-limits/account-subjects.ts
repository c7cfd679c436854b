import { createHmac, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type NamedSource,
  RateLimitSubjects,
  type RouteGroup,
  type Subjects,
} from '@poc-tracker/rate-limit';
import { addressBlock, TenantResolver } from '@poc-tracker/tenancy';
import { checkEmail, emailSearchKey, MAX_EMAIL_OCTETS } from '@poc-tracker/text';
import type { FastifyRequest } from 'fastify';
import { MAX_INVITE_TOKEN } from '../auth/signup/registration.dto.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { deriveKey } from '../config/derived-key.js';
import { readClientCredentials } from '../oauth/clients/client-credentials.js';
import { DeviceCookies } from '../protection/lockout/device-cookies.js';
import { deviceOfAddress, type KnownDevice } from '../protection/lockout/known-devices.js';
import { TokenIssuer } from '../session/tokens/token-issuer.js';

/** Before normalization an address may be longer; what is longer still is refused by validation. */
const MAX_RAW_EMAIL = 4 * MAX_EMAIL_OCTETS;

const MAX_TOKEN = 4_096;

const NONE: Subjects = {};

/** Whose attempts a request counts among: the account of an address, the session of a refresh token, or a service client. */
@Injectable()
export class AccountSubjects extends RateLimitSubjects {
  private readonly key: KeyObject;

  constructor(
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'tokens'>,
    private readonly issuer: TokenIssuer,
    private readonly tenants: TenantResolver,
    private readonly cookies: DeviceCookies,
  ) {
    super();
    this.key = deriveKey(config.tokens.refreshSecret, 'rate-limit');
  }

  /** The refresh token is verified: with a forged one, anyone could use up the budget of another user. */
  override of(
    request: FastifyRequest,
    group: RouteGroup,
    tenantId: string | undefined,
  ): Subjects | Promise<Subjects> {
    if (group === 'oauth') return this.clientOf(request);
    if (group === 'refresh') return this.sessionOf(request);
    const account = accountIn(request, group);
    if (account === undefined) return NONE;
    const device = this.deviceIn(account, group);
    return device !== undefined && device.tenantId === tenantId
      ? { user: this.hash(`${tenantId} ${account} ${device.deviceId}`), skipsTenant: true }
      : { user: this.ofAccount(tenantId, account) };
  }

  /**
   * The account of an address, for requests that are from no known device.
   * @param emailKey see emailSearchKey
   */
  ofAccount(tenantId: string | undefined, emailKey: string): string {
    return this.hash(`${tenantId ?? ''} ${emailKey}`);
  }

  override sourceIn(request: FastifyRequest, group: RouteGroup): NamedSource {
    if (group === 'oauth') return { account: this.clientOf(request).client };
    if (group === 'refresh') {
      const token = refreshTokenIn(request);
      return { account: token, tenant: token };
    }
    const account = accountIn(request, group);
    return { account, tenant: account && this.deviceIn(account, group)?.deviceId };
  }

  override hash(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }

  /** A device that has logged in with this address. Not of a registration, which makes another account. */
  private deviceIn(account: string, group: RouteGroup): KnownDevice | undefined {
    return group === 'login' || group === 'mails'
      ? deviceOfAddress(this.cookies.hashAccount(account))
      : undefined;
  }

  private async sessionOf(request: FastifyRequest): Promise<Subjects> {
    const refreshToken = refreshTokenIn(request);
    if (refreshToken === undefined) return NONE;
    let claims;
    try {
      claims = this.issuer.verifyRefresh(refreshToken);
    } catch {
      return NONE;
    }
    const user = `${claims.sub} ${claims.session_id}`;
    return { user, tenant: await this.tenants.findById(claims.tenant_id) };
  }

  /**
   * The client is authenticated later, so its address is part of the source: a stranger with a wrong secret cannot use
   * up its budget from elsewhere.
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

/** The address. In a registration also the invitation: strangers without it must not use up the attempts of who is invited. */
function accountIn(request: FastifyRequest, group: RouteGroup): string | undefined {
  const address = addressIn(request);
  const { inviteToken } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
  const isInvited =
    group === 'register' &&
    typeof inviteToken === 'string' &&
    inviteToken !== '' &&
    inviteToken.length <= MAX_INVITE_TOKEN;
  return address !== undefined && isInvited ? `${address} ${inviteToken}` : address;
}

/** The key of the address, which is the same for every way to write it. */
function addressIn({ body }: FastifyRequest): string | undefined {
  const { email } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof email !== 'string' || email.length > MAX_RAW_EMAIL) return undefined;
  const checked = checkEmail(email);
  return 'text' in checked ? emailSearchKey(checked.text) : undefined;
}

function refreshTokenIn({ body }: FastifyRequest): string | undefined {
  const { refreshToken } = (body ?? {}) as Readonly<Record<string, unknown>>;
  return typeof refreshToken === 'string' && refreshToken.length <= MAX_TOKEN
    ? refreshToken
    : undefined;
}
