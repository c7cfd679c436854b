import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import {
  contextWithoutRights,
  type RequestClient,
  TenantDatabase,
  uuidv7,
} from '@poc-tracker/tenancy';
import { PublicAddress } from '../../../config/public-address.js';
import { toApiError } from '../../../constraint-codes.js';
import { MailOutbox } from '../../../mail/outbox/mail-outbox.js';
import { PasswordHasher } from '../../../protection/passwords/password.hasher.js';
import type { UserTokensResponse } from '../../../session/session.response.js';
import { UserService } from '../../../user/user.service.js';
import { hashOfOneTimeToken, newOneTimeToken } from '../../one-time-tokens/one-time-token.js';
import { RegistrationPolicy } from '../registration.policy.js';
import { UserRegistration } from '../user-registration.js';
import {
  type ConfirmRegistrationDto,
  PENDING,
  type PendingRegistrationResponse,
} from './confirmation.dto.js';
import {
  type PendingRegistration,
  PendingRegistrationRepository,
} from './pending-registration.repository.js';

/** The language and the zone of new users: no others were chosen, and the name may be that of a stranger. */
const UNKNOWN_RECIPIENT = { locale: 'pt-BR', timezone: 'America/Sao_Paulo', name: null };

/** Registrations that a user confirms by a link to their address. Until then there is no user: nothing logs in and no seat is taken. */
@Injectable()
export class ConfirmationService {
  constructor(
    private readonly pending: PendingRegistrationRepository,
    private readonly registration: RegistrationPolicy,
    private readonly creation: UserRegistration,
    private readonly users: UserService,
    private readonly hasher: PasswordHasher,
    private readonly outbox: MailOutbox,
    private readonly address: PublicAddress,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Keeps a registration and sends the link that confirms it. A known address gets a mail that says so instead. For both the work
   * is the same, and the registration of a known address stays without a link.
   */
  async request(
    tenant: TenantSnapshot,
    registration: PendingRegistration,
  ): Promise<PendingRegistrationResponse> {
    const { email } = registration;
    const { token, tokenHash } = newOneTimeToken();
    await this.database.transaction(contextWithoutRights(tenant.id), async () => {
      const isKnown = await this.users.isEmailTaken(email);
      const expiresAt = await this.pending.add(tokenHash, registration);
      const link = this.address.linkTo(tenant, 'confirm-registration', token);
      await this.outbox.add(this.database, {
        tenantId: tenant.id,
        userId: null,
        to: { email, ...UNKNOWN_RECIPIENT },
        ...(isKnown
          ? {
              kind: 'known_address',
              values: { link: this.address.pageOf(tenant, 'reset-password') },
            }
          : { kind: 'verify_email', values: { link, expiresAt } }),
      });
    });
    return PENDING;
  }

  /**
   * Creates the user of a registration, with a proved address, and opens a session. The password shows that the one who reads the
   * mail is the one who registered: otherwise a stranger could register an address and wait for its owner to follow the link.
   * @throws ApiError INVALID_LINK, also if the address has an account by now; INVALID_CREDENTIALS; what the tenant refuses by now:
   *   REGISTRATION_REFUSED, SUBSCRIPTION_ENDED, INVALID_INVITE, USER_LIMIT_EXCEEDED; SERVICE_BUSY.
   */
  async confirm(
    tenant: TenantSnapshot,
    { token, password, deviceId }: ConfirmRegistrationDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    const tokenHash = hashOfOneTimeToken(token);
    if (tokenHash === undefined) throw new ApiError('INVALID_LINK');
    const place = this.hasher.takePlace();
    try {
      const found = await this.find(tenant, tokenHash);
      const { valid } = await this.hasher.verify(found.passwordHash, password, place);
      if (!valid) throw new ApiError('INVALID_CREDENTIALS');
      return await this.create(tenant, found, { tokenHash, client, deviceId });
    } finally {
      place.leave();
    }
  }

  /** In a transaction without a user, where the tenant's settings can be read as for a new registration. */
  private async find(tenant: TenantSnapshot, tokenHash: Buffer): Promise<PendingRegistration> {
    return this.database.transaction(contextWithoutRights(tenant.id), async () => {
      const found = await this.pending.find(tokenHash);
      if (found === null) throw new ApiError('INVALID_LINK');
      await this.registration.assertStillAllowed(tenant, found);
      return found;
    });
  }

  private async create(
    tenant: TenantSnapshot,
    found: PendingRegistration,
    confirmed: { tokenHash: Buffer; client: RequestClient; deviceId: string | undefined },
  ): Promise<UserTokensResponse> {
    const id = uuidv7();
    const { tokenHash, ...login } = confirmed;
    try {
      return await this.database.transaction(contextWithoutRights(tenant.id, id), async () => {
        if (!(await this.pending.consume(tokenHash))) throw new ApiError('INVALID_LINK');
        return this.creation.create(tenant, { ...found, id, emailVerified: true }, login);
      });
    } catch (error) {
      if (toApiError(error)?.code === 'USER_EXISTS') throw new ApiError('INVALID_LINK');
      throw error;
    }
  }
}
