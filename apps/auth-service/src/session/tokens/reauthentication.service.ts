import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError, type AuthenticationMethod, combineMethods } from '@poc-tracker/contracts';
import type { RequestClient } from '@poc-tracker/tenancy';
import { hashOfSecret, randomSecretBytes } from '../../protection/secret.js';
import { Clock } from '../clock.js';
import { SessionRepository } from '../session.repository.js';
import type { TokensResponse } from '../session.response.js';
import { type RefreshState, TokenIssuer } from './token-issuer.js';

/** Renews a session after its user has proved their identity again, in the transaction of the caller. */
@Injectable()
export class ReauthenticationService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly issuer: TokenIssuer,
    private readonly clock: Clock,
  ) {}

  /**
   * Rotates the tokens of the principal's session, which now say that the user has authenticated just now. The refresh token
   * before them gives the same successor within the grace period, as after a refresh.
   * @param proved just now, in addition to what was proved in the session before
   * @throws ApiError TOKEN_REVOKED if the session has ended meanwhile.
   */
  async renew(
    { tenant, tenantId, userId, sessionId, role, permissions }: Principal,
    proved: readonly AuthenticationMethod[],
    client: RequestClient,
  ): Promise<TokensResponse> {
    const at = await this.clock.now();
    const session = await this.sessions.findActiveForUpdate(userId, sessionId, at);
    if (session === null) throw new ApiError('TOKEN_REVOKED');
    const successor: RefreshState = {
      tenantId,
      id: sessionId,
      userId,
      generation: session.generation + 1,
      refreshNonce: randomSecretBytes(),
      rotatedAt: at,
    };
    const refreshToken = this.issuer.refreshToken(successor);
    const amr = combineMethods(session.amr, proved);
    await this.sessions.reauthenticate(
      {
        sessionId,
        successorHash: hashOfSecret(refreshToken),
        successorNonce: successor.refreshNonce,
        at,
        client,
      },
      amr,
    );
    const { generation } = successor;
    const { deviceId } = session.deviceInfo;
    const user = { id: userId, role, permissions };
    return this.issuer.tokens(
      { user, tenant, sessionId, generation, deviceId, amr, authenticatedAt: at },
      refreshToken,
    );
  }
}
