import { Injectable } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import type { ServiceClient } from './clients/client.verifier.js';
import { TokenReader } from './token-reader.js';

/** Revokes the session of a token at the request of a service (RFC 7009). */
@Injectable()
export class TokenRevocationService {
  constructor(
    private readonly reader: TokenReader,
    private readonly sessions: SessionRevocationService,
    private readonly database: TenantDatabase,
  ) {}

  /** Accepts access and refresh tokens, spent ones included. An invalid token is not an error. */
  async revoke(client: ServiceClient, token: string): Promise<void> {
    const read = this.reader.read(token);
    if (read === undefined) return;
    const { tenant_id: tenantId, sub: userId, session_id: sessionId } = read.claims;
    await this.database.transaction(contextWithoutRights(tenantId, userId), () =>
      this.sessions.revokeForClient(client.id, userId, sessionId),
    );
  }
}
