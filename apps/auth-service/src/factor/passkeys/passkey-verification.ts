import {
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { decodeAttestationObject, decodeClientDataJSON } from '@simplewebauthn/server/helpers';
import type { NewPasskey, PasskeySecrets } from '../factor.repository.js';
import type { TenantAddresses } from './relying-party.js';

/** EdDSA, ES256 and RS256, which every authenticator and every version of Node.js knows. */
export const ALGORITHMS = [-8, -7, -257];

/** RFC 8176: a key in hardware, or one that its provider copies to other devices. */
type KeyMethod = 'hwk' | 'swk';

export interface VerifiedAssertion {
  counter: number;
  key: KeyMethod;
  /** Whether the authenticator has verified its user, by a PIN or a fingerprint. */
  userVerified: boolean;
}

/** The challenge that the browser has signed; undefined for a malformed response. */
export function challengeOf({
  response,
}: {
  response: { clientDataJSON: string };
}): string | undefined {
  try {
    const { challenge } = decodeClientDataJSON(response.clientDataJSON) as { challenge?: unknown };
    return typeof challenge === 'string' ? challenge : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Verifies a new passkey (WebAuthn, 7.1). Its authenticator must have verified the user, because it may be the only factor.
 * @returns undefined for a response that is not valid
 */
export async function verifyRegistration(
  credential: RegistrationResponseJSON,
  { challenge, addresses }: { challenge: string; addresses: TenantAddresses },
): Promise<Omit<NewPasskey, 'id' | 'name'> | undefined> {
  try {
    if (hasCertificates(credential.response.attestationObject)) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: credential,
      expectedChallenge: challenge,
      expectedOrigin: addresses.origins,
      expectedRPID: addresses.rpIds,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo.rpID === undefined) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return {
      credentialId: Buffer.from(id, 'base64url'),
      publicKey: Buffer.from(publicKey),
      counter,
      transports: credential.response.transports ?? [],
      rpId: registrationInfo.rpID,
    };
  } catch {
    // The library throws for every kind of invalid response.
    return undefined;
  }
}

/**
 * Verifies the signature of a passkey (WebAuthn, 7.2), but not whether its counter has increased.
 * @returns undefined for a response that is not valid
 */
export async function verifyAssertion(
  assertion: AuthenticationResponseJSON,
  passkey: PasskeySecrets,
  expected: { challenge: string; origins: string[]; userHandle: string },
): Promise<VerifiedAssertion | undefined> {
  const { userHandle } = assertion.response;
  if (userHandle !== undefined && userHandle !== expected.userHandle) return undefined;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: assertion,
      expectedChallenge: expected.challenge,
      expectedOrigin: expected.origins,
      expectedRPID: passkey.rpId,
      requireUserVerification: false,
      credential: {
        id: passkey.credentialId.toString('base64url'),
        publicKey: new Uint8Array(passkey.publicKey),
        // The database compares the counters, so that two uses at once cannot pass, and a refusal can be recorded.
        counter: 0,
      },
    });
    if (!verified) return undefined;
    const { newCounter, credentialDeviceType, userVerified } = authenticationInfo;
    const key = credentialDeviceType === 'multiDevice' ? 'swk' : 'hwk';
    return { counter: newCounter, key, userVerified };
  } catch {
    return undefined;
  }
}

/** The user handle of a passkey, which says nothing of its user: the bytes of the user's id. */
export function userHandleOf(userId: string): Buffer<ArrayBuffer> {
  return Buffer.from(userId.replaceAll('-', ''), 'hex');
}

/**
 * Options ask for no attestation, so an honest browser removes the certificates of the authenticator. The library would ask the
 * server that a certificate names whether it was revoked: a request to an address of the sender's choice.
 */
function hasCertificates(attestationObject: string): boolean {
  const attestation = decodeAttestationObject(
    new Uint8Array(Buffer.from(attestationObject, 'base64url')),
  );
  const format = attestation.get('fmt');
  if (format === 'none') return false;
  return format !== 'packed' || attestation.get('attStmt').get('x5c') !== undefined;
}
