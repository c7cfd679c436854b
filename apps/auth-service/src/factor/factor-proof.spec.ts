import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { PasskeyAssertionDto } from './passkeys/passkey.dto.js';
import { TotpCode } from './totp/totp.dto.js';

class CodeDto {
  @TotpCode()
  code: string;
}

const ASSERTION = {
  id: 'AQID',
  rawId: 'AQID',
  type: 'public-key',
  authenticatorAttachment: 'platform',
  clientExtensionResults: { credProps: { rk: true } },
  response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'AA', userHandle: 'AA' },
};

const faults = (type: new () => object, input: object): number =>
  validateSync(plainToInstance(type, input), { whitelist: true, forbidNonWhitelisted: true })
    .length;

describe('A code in a request', () => {
  it.each(['123456', '000000'])('is six digits: %s', (code) => {
    expect(faults(CodeDto, { code })).toBe(0);
  });

  it.each(['12345', '1234567', ' 123456', '12345\n', '１２３４５６', 123456, ['123456'], null])(
    'is nothing else: %j',
    (code) => {
      expect(faults(CodeDto, { code })).toBe(1);
    },
  );
});

describe('A passkey in a request', () => {
  it('is accepted in the form that browsers send', () => {
    expect(faults(PasskeyAssertionDto, ASSERTION)).toBe(0);
  });

  it.each<[string, object]>([
    ['without a response', { response: undefined }],
    ['with a list as response', { response: [ASSERTION.response] }],
    ['of another type', { type: 'password' }],
    ['with an id of more than 1023 bytes', { id: 'A'.repeat(1_365) }],
    ['with padding', { rawId: 'AQI=' }],
    ['with an unknown field', { isAdmin: true }],
    ['with an unknown field inside', { response: { ...ASSERTION.response, extra: '' } }],
    [
      'with a large signature',
      { response: { ...ASSERTION.response, signature: 'A'.repeat(9_000) } },
    ],
  ])('is refused %s', (_what, change) => {
    expect(faults(PasskeyAssertionDto, { ...ASSERTION, ...change })).toBe(1);
  });
});
