import { describe, expect, it } from 'vitest';
import { maskedAddress } from './masked-address.js';

describe('an email address', () => {
  it('is masked except for its first character and its domain', () => {
    expect(maskedAddress('ana.souza@acme.example')).toBe('a***@acme.example');
    expect(maskedAddress('é@acme.example')).toBe('é***@acme.example');
  });
});
