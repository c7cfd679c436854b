import { ApiError, type Role, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import {
  contextWithoutRights,
  type RequestClient,
  TenantDatabase,
  uuidv7,
} from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { UserService } from '../../user/user.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import { LoginService } from '../login/login.service.js';
import type { RegisterDto } from './registration.dto.js';
import { RegistrationPolicy } from './registration.policy.js';

/** The role of users who register without an invitation. */
const DEFAULT_ROLE: Role = 'user';

/** Registration of a user in an existing tenant. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly registration: RegistrationPolicy,
    private readonly invitations: InvitationAcceptance,
    private readonly tenants: TenantService,
    private readonly users: UserService,
    private readonly logins: LoginService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Creates a user, as `user` or with the role of the invitation, and opens a session.
   * @throws ApiError REGISTRATION_REFUSED, SUBSCRIPTION_ENDED, VALIDATION_ERROR, INVALID_INVITE, USER_EXISTS,
   *   USER_LIMIT_EXCEEDED, SERVICE_BUSY.
   */
  async register(
    tenant: TenantSnapshot,
    input: RegisterDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    const { security: rules } = await this.assertCanSucceed(tenant, input);
    this.policy.check(input.password, { tenant, rules, ...input });
    // Outside of a transaction: no connection is in use while the password is hashed.
    const passwordHash = await this.hasher.hash(input.password);
    const id = uuidv7();
    return this.database.transaction(contextWithoutRights(tenant.id, id), async () => {
      const { firstName, lastName, inviteToken, deviceId } = input;
      const { role, email } =
        inviteToken === undefined
          ? { role: DEFAULT_ROLE, email: input.email }
          : await this.invitations.accept(inviteToken, input.email, id);
      const user = { id, email, passwordHash, firstName, lastName, role };
      await this.users.create(this.database, user);
      const response = await this.logins.openFirstSession(tenant, id, client, deviceId);
      await this.events.record({
        type: 'user.registered',
        result: 'success',
        actorId: id,
        target: { type: 'user', id },
        details: { role, invited: inviteToken !== undefined },
      });
      return response;
    });
  }

  /**
   * Refuses what must fail before the password is hashed, so that anonymous clients cannot spend the time of others.
   * A known address is refused faster than an unknown one is accepted, which reveals no more than the answer USER_EXISTS does.
   * With an invitation the address is not looked up: a token that does not fit it is refused first, without such an answer.
   * @returns the tenant's settings.
   */
  private async assertCanSucceed(
    tenant: TenantSnapshot,
    input: RegisterDto,
  ): Promise<TenantSettings> {
    const context = { ...contextWithoutRights(tenant.id), permissions: ['view_usage'] as const };
    return this.database.transaction(context, async () => {
      await this.registration.assertMayRegister(tenant, input);
      if (input.inviteToken === undefined && (await this.users.isEmailTaken(input.email)))
        throw new ApiError('USER_EXISTS');
      await this.tenants.assertSeatIsFree();
      return this.tenants.settings();
    });
  }
}
