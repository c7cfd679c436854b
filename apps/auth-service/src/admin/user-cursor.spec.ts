import { uuidv7 } from '@poc-tracker/tenancy';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from './user-cursor.js';

const tenant = uuidv7();
const user = uuidv7();

describe('the cursor of a page of people', () => {
  it('gives back the id of the last person', () => {
    expect(decodeCursor(tenant, encodeCursor(tenant, user))).toBe(user);
  });

  it('is refused in another tenant', () => {
    expect(() => decodeCursor(uuidv7(), encodeCursor(tenant, user))).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [expect.objectContaining({ field: 'cursor' })],
      }),
    );
  });

  it.each([
    '',
    'x',
    'not base64 at all',
    `${encodeCursor(tenant, user)}=`,
    encodeCursor(tenant, user).slice(1),
    'A'.repeat(9_000),
  ])('is refused when it is malformed: %.20s', (cursor) => {
    expect(() => decodeCursor(tenant, cursor)).toThrow(
      expect.objectContaining({ code: 'VALIDATION_ERROR' }),
    );
  });
});
