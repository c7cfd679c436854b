import type { Role, TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import { type NewUser, UserService } from '../../user/user.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import type { PresentedInvitation } from '../invitations/invitation-token.js';
import { LoginService } from '../login/login.service.js';

/** The role of users who register without an invitation. */
const DEFAULT_ROLE: Role = 'user';

/** A user who registers. The invitation sets the role. */
type RegisteringUser = Omit<NewUser, 'role' | 'createdBy'> & {
  invitation: PresentedInvitation | null;
};

/** Creates users who register themselves. */
@Injectable()
export class UserRegistration {
  constructor(
    private readonly invitations: InvitationAcceptance,
    private readonly users: UserService,
    private readonly logins: LoginService,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Creates a user, as `user` or with the role of the invitation, and opens a session, in the transaction of the caller.
   * @throws ApiError INVALID_INVITE, and database errors if the address is taken (USER_EXISTS) or no seat is free
   *   (USER_LIMIT_EXCEEDED).
   */
  async create(
    tenant: TenantSnapshot,
    { invitation, ...stated }: RegisteringUser,
    { client, deviceId }: { client: RequestClient; deviceId?: string | undefined },
  ): Promise<UserTokensResponse> {
    const { id, emailVerified = false } = stated;
    const { role, email } =
      invitation === null
        ? { role: DEFAULT_ROLE, email: stated.email }
        : await this.invitations.accept(invitation, stated.email, id);
    await this.users.create(this.database, { ...stated, role, email });
    const response = await this.logins.openFirstSession(tenant, id, client, deviceId);
    await this.events.record({
      type: 'user.registered',
      result: 'success',
      actorId: id,
      target: { type: 'user', id },
      details: { role, invited: invitation !== null, emailVerified },
    });
    return response;
  }
}
