import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { KeyRing, Public } from '@poc-tracker/auth-kit';
import { RawResponse } from '@poc-tracker/http-service';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';

const JWK_SET = {
  'application/json': {
    schema: {
      type: 'object',
      required: ['keys'],
      properties: {
        keys: {
          type: 'array',
          items: {
            type: 'object',
            required: ['kty', 'use', 'alg', 'kid', 'n', 'e'],
            properties: {
              kty: { type: 'string', enum: ['RSA'] },
              use: { type: 'string', enum: ['sig'] },
              alg: { type: 'string', enum: ['RS256'] },
              kid: { type: 'string', description: 'The thumbprint of the key (RFC 7638).' },
              n: { type: 'string', description: 'The modulus, base64url.' },
              e: { type: 'string', description: 'The exponent, base64url.' },
            },
          },
        },
      },
    },
    example: {
      keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'thumbprint', n: 'modulus', e: 'AQAB' }],
    },
  },
};

/** The public keys of the access tokens (RFC 7517), for services that verify them locally. */
@ApiTags('keys')
@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(private readonly keys: KeyRing) {}

  /** Five minutes: a new key is published before it signs, and a removed one must not stay in caches. */
  @Get()
  @Public()
  @Tenantless()
  @RawResponse()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'Get the public keys of the access tokens' })
  @ApiOkResponse({ description: 'A JSON Web Key Set.', content: JWK_SET })
  getJwks(): ReturnType<KeyRing['jwks']> {
    return this.keys.jwks();
  }
}
