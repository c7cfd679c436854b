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
import { Clock } from '../session/clock.js';
import { SessionService } from '../session/session.service.js';
import { fieldsOf } from './clients/client-authentication.js';
import { tokenOf } from './token.form.js';
import { type ReadToken, TokenReader } from './token-reader.js';

const INACTIVE: IntrospectionResponse = { active: false };

/** Tells other services what a token is worth at this moment (RFC 7662). */
@Injectable()
export class IntrospectionService {
  private readonly source: DatabaseSessionStatusSource;

  constructor(
    private readonly reader: TokenReader,
    private readonly sessions: SessionService,
    private readonly clock: Clock,
    database: TenantDatabase,
  ) {
    // Asked anew each time: who introspects has a memory of its own, and asks because it must not believe one.
    this.source = new DatabaseSessionStatusSource(database);
  }

  /**
   * The answer to a form: to its `token`, or, where that is absent, to the ids `session_id`, `sub` and `tenant_id` of
   * one whose signature the asking service has verified itself.
   * @throws ApiError VALIDATION_ERROR without either.
   */
  async answer(form: unknown): Promise<IntrospectionResponse> {
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

  /** The answer to a token of either kind; a refresh token that was exchanged already is as good as none. */
  private async ofToken(token: string): Promise<IntrospectionResponse> {
    const read = this.reader.read(token);
    if (read === undefined) return INACTIVE;
    const standing = await this.standingOf(read.claims);
    if (standing === undefined) return INACTIVE;
    if (read.type === 'refresh_token' && !(await this.sessions.isCurrent(read.claims, token)))
      return INACTIVE;
    return { ...describe(read), ...describeSessionStatus(read.claims, standing) };
  }

  private async ofSession(ids: SessionClaims): Promise<IntrospectionResponse> {
    if (!isUuid(ids.tenant_id) || !isUuid(ids.sub) || !isUuid(ids.session_id)) return INACTIVE;
    const standing = await this.standingOf(ids);
    if (standing === undefined) return INACTIVE;
    const exp = Math.floor(standing.sessionExpiresAt / 1_000);
    return { active: true, token_type: 'N_A', exp, ...describeSessionStatus(ids, standing) };
  }

  /** Undefined for whoever would be refused. */
  private async standingOf(claims: SessionClaims): Promise<SessionStatus | undefined> {
    const standing = await this.source.fetch(claims);
    const stands =
      standing?.sessionActive === true &&
      standing.userStatus === 'active' &&
      standing.tenant.status === 'active' &&
      standing.sessionExpiresAt > this.clock.now().getTime();
    return stands ? standing : undefined;
  }
}

type TokenPart = Pick<ActiveToken, 'active' | 'token_type' | 'exp' | 'iat' | 'iss' | 'aud' | 'jti'>;

/** The `jti` of a refresh token stays here: it is what makes the token unguessable. */
function describe(read: ReadToken): TokenPart {
  if (read.type === 'refresh_token') {
    const { exp, iat } = read.claims;
    return { active: true, token_type: 'N_A', exp, iat };
  }
  const { exp, iat, iss, aud, jti } = read.claims;
  return { active: true, token_type: 'Bearer', exp, iat, iss, aud, jti };
}

function describeSessionStatus(
  { sub, tenant_id, session_id }: SessionClaims,
  standing: SessionStatus,
): Pick<ActiveToken, 'sub' | 'scope' | 'tenant_id' | 'session_id' | 'user_role' | 'standing'> {
  const scope = effectivePermissions(standing.role, standing.permissions).join(' ');
  return { sub, scope, tenant_id, session_id, user_role: standing.role, standing };
}
