import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { uuidv7 } from '@poc-tracker/tenancy';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
} from '@simplewebauthn/server';
import { UserService } from '../../user/user.service.js';
import { FactorRepository, type PasskeySecrets } from '../factor.repository.js';
import type { AddedFactorResponse } from '../factor.response.js';
import { FactorService } from '../factor.service.js';
import { CHALLENGE_MINUTES, PasskeyChallenges } from './passkey-challenges.js';
import {
  ALGORITHMS,
  challengeOf,
  userHandleOf,
  verifyAssertion,
  type VerifiedAssertion,
  verifyRegistration,
} from './passkey-verification.js';
import type { AddPasskeyDto } from './passkey.dto.js';
import type {
  PasskeyCreationOptionsResponse,
  PasskeyRequestOptionsResponse,
} from './passkey.response.js';
import { RelyingParty, rpIdFor } from './relying-party.js';

const DEFAULT_NAME = 'Passkey';
const TIMEOUT_MS = CHALLENGE_MINUTES * 60_000;

/** The outcome of a use of a passkey. `regressed`: the signature is right, but the counter has not increased. */
export type PasskeyUse = { outcome: 'refused' | 'regressed' } | UsedPasskey;

export type UsedPasskey = { outcome: 'used' } & Pick<VerifiedAssertion, 'key' | 'userVerified'>;

/** Passkeys (WebAuthn, level 3) of users. */
@Injectable()
export class PasskeyService {
  constructor(
    private readonly factors: FactorRepository,
    private readonly all: FactorService,
    private readonly users: UserService,
    private readonly challenges: PasskeyChallenges,
    private readonly relyingParty: RelyingParty,
  ) {}

  /** Options to create a passkey at the host of the request, or at the configured address of the tenant. */
  async creationOptions(
    { tenantId, userId, tenant }: Principal,
    host: string,
  ): Promise<PasskeyCreationOptionsResponse> {
    const { email, firstName, lastName } = await this.users.get(userId);
    const addresses = await this.relyingParty.addressesOf(tenant);
    const options = await generateRegistrationOptions({
      rpName: tenant.name,
      rpID: rpIdFor(addresses, host),
      userID: userHandleOf(userId),
      userName: email,
      userDisplayName: [firstName, lastName].filter((name) => name !== null).join(' '),
      challenge: new Uint8Array(
        this.challenges.issue({ purpose: 'registration', tenantId, userId }),
      ),
      timeout: TIMEOUT_MS,
      attestationType: 'none',
      supportedAlgorithmIDs: ALGORITHMS,
      excludeCredentials: passkeysOf(await this.factors.ownSecrets()).map(
        ({ credentialId, transports }) => ({ id: credentialId.toString('base64url'), transports }),
      ),
      // Discoverable and with user verification: such a passkey can be the only factor.
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    });
    return { options };
  }

  /**
   * Adds a passkey.
   * @throws ApiError VALIDATION_ERROR for a response that is not valid, expired, used, or made for another user or address;
   *   a database error (FACTOR_EXISTS, FACTOR_LIMIT_EXCEEDED).
   */
  async add(
    principal: Principal,
    { name = DEFAULT_NAME, credential }: AddPasskeyDto,
  ): Promise<AddedFactorResponse> {
    const { tenantId, userId, tenant } = principal;
    const challenge = challengeOf(credential);
    const purpose = { purpose: 'registration', tenantId, userId } as const;
    if (challenge === undefined || !this.challenges.isValid(challenge, purpose)) throw notValid();
    const addresses = await this.relyingParty.addressesOf(tenant);
    const passkey = await verifyRegistration(credential, { challenge, addresses });
    if (passkey === undefined || !(await this.challenges.spend(challenge))) throw notValid();
    await this.factors.lockUser(userId);
    const id = uuidv7();
    await this.factors.insertPasskey(tenantId, userId, { id, name, ...passkey });
    return this.all.added(principal, id);
  }

  /**
   * Options for a user who is not known yet, also for conditional mediation (autofill). They are also good for a second factor
   * and for a step-up: a passkey names its user.
   * @param rpId of the passkeys to ask for; default the host of the request
   * @throws ApiError VALIDATION_ERROR for an RP ID that is not the tenant's.
   */
  async requestOptions(
    tenant: TenantSnapshot,
    host: string,
    rpId?: string,
  ): Promise<PasskeyRequestOptionsResponse> {
    const addresses = await this.relyingParty.addressesOf(tenant);
    if (rpId !== undefined && !addresses.rpIds.includes(rpId)) {
      throw ApiError.validation({ field: 'rpId', message: 'must be an address of the tenant' });
    }
    const options = await generateAuthenticationOptions({
      rpID: rpId ?? rpIdFor(addresses, host),
      challenge: new Uint8Array(
        this.challenges.issue({ purpose: 'authentication', tenantId: tenant.id }),
      ),
      timeout: TIMEOUT_MS,
      userVerification: 'required',
    });
    return { options, rpIds: addresses.rpIds };
  }

  /** The addresses at which the tenant's passkeys may be used, for browsers (WebAuthn, 5.11). */
  async relatedOrigins(tenant: TenantSnapshot): Promise<{ origins: string[] }> {
    const { origins } = await this.relyingParty.addressesOf(tenant);
    return { origins };
  }

  /** Whose passkey it is, in a transaction of the tenant. */
  async findUser({ id }: { id: string }): Promise<string | undefined> {
    return this.factors.findPasskeyUser(Buffer.from(id, 'base64url'));
  }

  /** Uses a passkey in the transaction of its user, who must be the one named. */
  async use(
    { tenant, userId }: { tenant: TenantSnapshot; userId: string },
    secrets: readonly PasskeySecrets[],
    assertion: AuthenticationResponseJSON,
  ): Promise<PasskeyUse> {
    const refused = { outcome: 'refused' } as const;
    const passkey = secrets.find(({ credentialId }) =>
      credentialId.equals(Buffer.from(assertion.id, 'base64url')),
    );
    const challenge = challengeOf(assertion);
    const purpose = { purpose: 'authentication', tenantId: tenant.id } as const;
    if (passkey === undefined || challenge === undefined) return refused;
    if (!this.challenges.isValid(challenge, purpose)) return refused;
    const { origins } = await this.relyingParty.addressesOf(tenant);
    const userHandle = userHandleOf(userId).toString('base64url');
    const verified = await verifyAssertion(assertion, passkey, { challenge, origins, userHandle });
    if (verified === undefined || !(await this.challenges.spend(challenge))) return refused;
    const { counter, key, userVerified } = verified;
    if (!(await this.factors.useCounter(passkey.id, counter))) return { outcome: 'regressed' };
    return { outcome: 'used', key, userVerified };
  }
}

function passkeysOf(secrets: readonly { kind: string }[]): PasskeySecrets[] {
  return secrets.filter((one): one is PasskeySecrets => one.kind === 'passkey');
}

function notValid(): ApiError {
  return ApiError.validation({
    field: 'credential',
    message: 'must be the response to options that were created for you at this address',
  });
}
