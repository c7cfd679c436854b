import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import {
  contextWithoutRights,
  type RequestClient,
  TenantDatabase,
  uuidv7,
} from '@poc-tracker/tenancy';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { UserService } from '../../user/user.service.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import type { PendingRegistrationResponse } from './confirmation/confirmation.dto.js';
import { ConfirmationService } from './confirmation/confirmation.service.js';
import type { RegisterDto } from './registration.dto.js';
import { RegistrationPolicy } from './registration.policy.js';
import { UserRegistration } from './user-registration.js';

/** Registration of a user in an existing tenant. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly registration: RegistrationPolicy,
    private readonly invitations: InvitationAcceptance,
    private readonly tenants: TenantService,
    private readonly users: UserService,
    private readonly creation: UserRegistration,
    private readonly confirmations: ConfirmationService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Creates a user, as `user` or with the role of the invitation, and opens a session; or keeps the registration until the user
   * has confirmed the address, if the tenant wants that.
   * @throws ApiError REGISTRATION_REFUSED, SUBSCRIPTION_ENDED, VALIDATION_ERROR, INVALID_INVITE, USER_EXISTS,
   *   USER_LIMIT_EXCEEDED, SERVICE_BUSY. USER_EXISTS only without a confirmation.
   */
  async register(
    tenant: TenantSnapshot,
    input: RegisterDto,
    client: RequestClient,
  ): Promise<UserTokensResponse | PendingRegistrationResponse> {
    const { rules, needsConfirmation } = await this.assertCanSucceed(tenant, input);
    this.policy.check(input.password, { tenant, rules, ...input });
    // Outside of a transaction: no connection is in use while the password is hashed.
    const passwordHash = await this.hasher.hash(input.password);
    const { email, firstName, lastName, inviteToken, deviceId } = input;
    const invitation = inviteToken === undefined ? null : this.invitations.read(inviteToken);
    const stated = { email, passwordHash, firstName, lastName, invitation };
    if (needsConfirmation) return this.confirmations.request(tenant, stated);
    const id = uuidv7();
    return this.database.transaction(contextWithoutRights(tenant.id, id), () =>
      this.creation.create(tenant, { ...stated, id }, { client, deviceId }),
    );
  }

  /**
   * Refuses what must fail before the password is hashed, so that anonymous clients cannot spend the time of others.
   * A known address is refused faster than an unknown one is accepted, which reveals no more than the answer USER_EXISTS does.
   * With an invitation or a confirmation the address is not looked up here.
   */
  private async assertCanSucceed(
    tenant: TenantSnapshot,
    input: RegisterDto,
  ): Promise<{ rules: TenantSettings['security']; needsConfirmation: boolean }> {
    const context = { ...contextWithoutRights(tenant.id), permissions: ['view_usage'] as const };
    return this.database.transaction(context, async () => {
      const { needsConfirmation } = await this.registration.assertMayRegister(tenant, input);
      const tellsIfKnown = !needsConfirmation && input.inviteToken === undefined;
      if (tellsIfKnown && (await this.users.isEmailTaken(input.email)))
        throw new ApiError('USER_EXISTS');
      await this.tenants.assertSeatIsFree();
      return { rules: (await this.tenants.settings()).security, needsConfirmation };
    });
  }
}
