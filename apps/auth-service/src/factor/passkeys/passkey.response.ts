import { ApiProperty } from '@nestjs/swagger';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';

const CHALLENGE = 'AZnL0V1fZm9yLXRoZS1leGFtcGxlLW9ubHk';

export class PasskeyCreationOptionsResponse {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'PublicKeyCredentialCreationOptionsJSON of WebAuthn, for `PublicKeyCredential.parseCreationOptionsFromJSON()`.',
    example: { challenge: CHALLENGE, rp: { id: 'acme.poctracker.com', name: 'Acme' } },
  })
  options: PublicKeyCredentialCreationOptionsJSON;
}

export class PasskeyRequestOptionsResponse {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description:
      'PublicKeyCredentialRequestOptionsJSON of WebAuthn, for `PublicKeyCredential.parseRequestOptionsFromJSON()`.',
    example: { challenge: CHALLENGE, rpId: 'acme.poctracker.com', userVerification: 'required' },
  })
  options: PublicKeyCredentialRequestOptionsJSON;

  @ApiProperty({
    type: String,
    isArray: true,
    description:
      'The RP IDs of the passkeys that the tenant accepts, the configured address first. One passkey belongs to one of them.',
    example: ['acme.poctracker.com', 'login.acme.example'],
  })
  rpIds: string[];
}
