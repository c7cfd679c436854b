import { ApiError, type Role, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase, uuidv7 } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import type { Device } from '../../session/device.decorator.js';
import { SignInService } from './sign-in.service.js';
import type { LoginDto, RegisterDto } from './auth.dto.js';
import type { LoginResponse } from './login.response.js';
import { InvitationAcceptance } from '../invitations/invitation-acceptance.service.js';
import { recordingRefusal } from './login-failure.js';
import { RegistrationPolicy } from '../signup/registration.policy.js';
import { RefusedCredentials, UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserService } from '../../user/user.service.js';

/** What people have who register without an invitation. */
const DEFAULT_ROLE: Role = 'user';

/**
 * How people come in. Whatever hashes a password does so outside of any transaction: a hash takes longer than all
 * statements of a log-in together, and a storm of them must not hold the connections of everybody else.
 */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UserService,
    private readonly signIns: SignInService,
    private readonly credentials: UserCredentialsService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly registration: RegistrationPolicy,
    private readonly invitations: InvitationAcceptance,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Adds a person to the tenant, as `user` or with the role of the invitation that they bring, and lets them in.
   * @throws ApiError REGISTRATION_REFUSED, SUBSCRIPTION_ENDED, VALIDATION_ERROR, INVALID_INVITE, USER_EXISTS,
   *   USER_LIMIT_EXCEEDED, SERVICE_BUSY.
   */
  async register(
    tenant: TenantSnapshot,
    input: RegisterDto,
    device: Device,
  ): Promise<LoginResponse> {
    await this.database.transaction({ tenantId: tenant.id, userId: null, role: null }, () =>
      this.registration.assertMayRegister(tenant, input),
    );
    this.policy.check(input.password, { tenant, ...input });
    const passwordHash = await this.hasher.hash(input.password);
    const id = uuidv7();
    const context = { tenantId: tenant.id, userId: id, role: DEFAULT_ROLE };
    return this.database.transaction(context, async () => {
      const role = await this.roleFor(input, context);
      const { email, firstName, lastName } = input;
      const admitted = await this.signIns.enrol(
        tenant,
        { tenantId: tenant.id, id, email, passwordHash, firstName, lastName, role },
        device,
      );
      await this.events.record({
        type: 'user.registered',
        result: 'success',
        actorId: id,
        target: { type: 'user', id },
        details: { role, invited: input.inviteToken !== undefined },
      });
      return admitted;
    });
  }

  /**
   * Lets a person in. A refusal is recorded although nothing else of the request remains.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY, and PASSWORD_CHANGE_REQUIRED to whoever has the right password.
   */
  async login(tenant: TenantSnapshot, input: LoginDto, device: Device): Promise<LoginResponse> {
    return recordingRefusal(this.events, tenant.id, () => this.letIn(tenant, input, device));
  }

  private async letIn(
    tenant: TenantSnapshot,
    input: LoginDto,
    device: Device,
  ): Promise<LoginResponse> {
    const verified = await this.credentials.verify(tenant, input.email, input.password);
    const { id, role } = verified;
    if (verified.mustChangePassword)
      throw new ApiError('PASSWORD_CHANGE_REQUIRED', { cause: new RefusedCredentials(id) });
    return this.database.transaction({ tenantId: tenant.id, userId: id, role }, async () => {
      await this.credentials.assertUnchanged(input.email, verified);
      await this.credentials.upgradeHash(verified);
      const { deviceId } = input;
      return this.signIns.admit(tenant, id, device, deviceId === undefined ? {} : { deviceId });
    });
  }

  private async roleFor(
    { inviteToken, email }: RegisterDto,
    { tenantId, userId }: { tenantId: string; userId: string },
  ): Promise<Role> {
    if (inviteToken === undefined) return DEFAULT_ROLE;
    const role = await this.invitations.accept(inviteToken, email, userId);
    await this.users.assumeRole(tenantId, userId, role);
    return role;
  }
}
