import { ApiError, type Role, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import { TenantDatabase, toApiError, uuidv7 } from '@poc-tracker/tenancy';
import { PasswordHasher } from '../protection/password.hasher.js';
import { PasswordPolicy } from '../protection/password.policy.js';
import type { Device } from '../session/device.decorator.js';
import { hashOfToken } from '../session/refresh-claims.js';
import { TenantService } from '../tenant/tenant.service.js';
import { AdmissionService } from './admission.service.js';
import type { LoginDto, RegisterDto } from './auth.dto.js';
import type { LoginResponse } from './auth.response.js';
import { PasswordService } from './password.service.js';
import { UserRepository } from './user.repository.js';

/** What people have who register without an invitation. */
const DEFAULT_ROLE: Role = 'user';

/**
 * How people come in. Whatever hashes a password does so outside of any transaction: a hash takes longer than all
 * statements of a log-in together, and a storm of them must not hold the connections of everybody else.
 */
@Injectable()
export class AuthService {
  constructor(
    private readonly users: UserRepository,
    private readonly admission: AdmissionService,
    private readonly passwords: PasswordService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly tenants: TenantService,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Adds a person to the tenant, as `user` or with the role of the invitation that they bring, and lets them in.
   * @throws ApiError VALIDATION_ERROR, INVALID_INVITE, USER_EXISTS, USER_LIMIT_EXCEEDED, SERVICE_BUSY.
   */
  async register(
    tenant: TenantSnapshot,
    input: RegisterDto,
    device: Device,
  ): Promise<LoginResponse> {
    this.policy.check(input.password, { tenant, ...input });
    const passwordHash = await this.hasher.hash(input.password);
    const id = uuidv7();
    const context = { tenantId: tenant.id, userId: id, role: DEFAULT_ROLE };
    try {
      return await this.database.transaction(context, async () => {
        const role = await this.roleFor(input, context);
        const { email, firstName, lastName } = input;
        return this.admission.enrol(
          tenant,
          { tenantId: tenant.id, id, email, passwordHash, firstName, lastName, role },
          device,
        );
      });
    } catch (error) {
      throw await this.explain(error, tenant);
    }
  }

  /**
   * Lets a person in.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY.
   */
  async login(tenant: TenantSnapshot, input: LoginDto, device: Device): Promise<LoginResponse> {
    const verified = await this.passwords.verify(tenant, input.email, input.password);
    const { id, role, upgradedHash } = verified;
    return this.database.transaction({ tenantId: tenant.id, userId: id, role }, async () => {
      await this.passwords.assertUnchanged(input.email, verified);
      if (upgradedHash !== null) await this.users.setPasswordHash(id, upgradedHash);
      const { deviceId } = input;
      return this.admission.admit(tenant, id, device, deviceId === undefined ? {} : { deviceId });
    });
  }

  private async roleFor(
    { inviteToken, email }: RegisterDto,
    { tenantId, userId }: { tenantId: string; userId: string },
  ): Promise<Role> {
    if (inviteToken === undefined) return DEFAULT_ROLE;
    const role = await this.users.acceptInvite(hashOfToken(inviteToken), email, userId);
    if (role === null) throw new ApiError('INVALID_INVITE');
    await this.users.assumeRole(tenantId, userId, role);
    return role;
  }

  /** A full tenant is told its limit and what it uses of it; that takes a new transaction, the refused one is dead. */
  private async explain(error: unknown, tenant: TenantSnapshot): Promise<unknown> {
    const known = error instanceof ApiError ? error : toApiError(error);
    if (known?.code !== 'USER_LIMIT_EXCEEDED') return error;
    const { limit, used } = await this.database.transaction(
      { tenantId: tenant.id, userId: null, role: null },
      () => this.tenants.userSeats(),
    );
    return new ApiError('USER_LIMIT_EXCEEDED', { details: { limit, usage: used }, cause: error });
  }
}
