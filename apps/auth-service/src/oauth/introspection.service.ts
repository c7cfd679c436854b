import { Injectable } from '@nestjs/common';
import type {
  ActiveToken,
  IntrospectionResponse,
  SessionClaims,
  SessionStatus,
} from '@poc-tracker/auth-kit';
import { effectivePermissions, isUuid } from '@poc-tracker/contracts';
import { DatabaseSessionStatusSource } from '@poc-tracker/revocation-feed';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { RefreshService } from '../session/tokens/refresh.service.js';
import { fieldsOf } from './clients/client-authentication.js';
import { tokenOf } from './token.form.js';
import { type ReadToken, TokenReader } from './token-reader.js';

const INACTIVE: IntrospectionResponse = { active: false };

/** Introspects tokens for other services (RFC 7662). */
@Injectable()
export class IntrospectionService {
  private readonly source: DatabaseSessionStatusSource;

  constructor(
    private readonly reader: TokenReader,
    private readonly refreshes: RefreshService,
    database: TenantDatabase,
  ) {
    // Not cached: callers have a cache of their own and introspect when they must not rely on it.
    this.source = new DatabaseSessionStatusSource(database);
  }

  /**
   * Introspects the `token` of a form or, without one, the session of the ids `session_id`, `sub` and `tenant_id`, which
   * the caller has read from a token whose signature it has verified.
   * @throws ApiError VALIDATION_ERROR if the form has neither.
   */
  async introspect(form: unknown): Promise<IntrospectionResponse> {
    const { token, session_id, sub, tenant_id } = fieldsOf(form);
    if (
      token === undefined &&
      typeof session_id === 'string' &&
      typeof sub === 'string' &&
      typeof tenant_id === 'string'
    ) {
      return this.ofSession({ session_id, sub, tenant_id });
    }
    return this.ofToken(tokenOf(form));
  }

  /** A token of either kind. A refresh token that was exchanged is inactive. */
  private async ofToken(token: string): Promise<IntrospectionResponse> {
    const read = this.reader.read(token);
    if (read === undefined) return INACTIVE;
    const status = await this.activeStatusOf(read.claims);
    if (status === undefined) return INACTIVE;
    if (read.type === 'refresh_token' && !(await this.refreshes.isCurrent(read.claims, token)))
      return INACTIVE;
    const { exp, ...described } = describe(read);
    return {
      ...described,
      exp: Math.min(exp, endOf(status)),
      ...describeSessionStatus(read.claims, status),
    };
  }

  private async ofSession(ids: SessionClaims): Promise<IntrospectionResponse> {
    if (!isUuid(ids.tenant_id) || !isUuid(ids.sub) || !isUuid(ids.session_id)) return INACTIVE;
    const status = await this.activeStatusOf(ids);
    if (status === undefined) return INACTIVE;
    return {
      active: true,
      token_type: 'N_A',
      exp: endOf(status),
      ...describeSessionStatus(ids, status),
    };
  }

  /** Undefined if a request with this token would be refused. */
  private async activeStatusOf(claims: SessionClaims): Promise<SessionStatus | undefined> {
    const status = await this.source.fetch(claims);
    const active =
      status?.sessionActive === true &&
      status.userStatus === 'active' &&
      status.tenant.status === 'active' &&
      status.sessionExpiresInMs > 0;
    return active ? status : undefined;
  }
}

/** In seconds since the epoch, rounded down. A token is worth nothing after its session. */
function endOf({ sessionExpiresAt }: SessionStatus): number {
  return Math.floor(sessionExpiresAt / 1_000);
}

type TokenPart = Pick<
  ActiveToken,
  | 'active'
  | 'token_type'
  | 'exp'
  | 'iat'
  | 'iss'
  | 'aud'
  | 'jti'
  | 'client_id'
  | 'amr'
  | 'acr'
  | 'auth_time'
>;

/** The `jti` of a refresh token is left out: it makes the token unguessable. */
function describe(read: ReadToken): TokenPart {
  if (read.type === 'refresh_token') {
    const { exp, iat } = read.claims;
    return { active: true, token_type: 'N_A', exp, iat };
  }
  const { exp, iat, iss, aud, jti, client_id, amr, acr, auth_time } = read.claims;
  const authentication = { amr, acr, auth_time };
  return {
    active: true,
    token_type: 'Bearer',
    exp,
    iat,
    iss,
    aud,
    jti,
    client_id,
    ...authentication,
  };
}

function describeSessionStatus(
  { sub, tenant_id, session_id }: SessionClaims,
  status: SessionStatus,
): Pick<
  ActiveToken,
  'sub' | 'scope' | 'tenant_id' | 'session_id' | 'user_role' | 'session_status'
> {
  const scope = effectivePermissions(status.role, status.permissions).join(' ');
  // Who may log in from where is no matter of a service.
  const { countries: _countries, ...tenant } = status.tenant;
  const session_status = { ...status, tenant };
  return { sub, scope, tenant_id, session_id, user_role: status.role, session_status };
}
