import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ChangePlanDto } from './entitlement.dto.js';

async function wrongFields(input: object): Promise<string[]> {
  const errors = await validate(plainToInstance(ChangePlanDto, input), { whitelist: true });
  return errors.map(({ property }) => property);
}

describe('a change of plan', () => {
  it.each(['2027-12-31T23:59:59Z', '2027-12-31T23:59-03:00', '2028-02-29T00:00:00.000Z', null])(
    'accepts %j as the end of a subscription',
    async (subscriptionEndsAt) => {
      expect(await wrongFields({ subscriptionEndsAt })).toEqual([]);
    },
  );

  it.each([
    '2027-12-31',
    '2027-12-31T23:59:59',
    '2027-02-29T00:00Z',
    '2026-13-01T00:00:00Z',
    'never',
    '',
    0,
    {},
    ['x'],
  ])('refuses %j as the end of a subscription', async (subscriptionEndsAt) => {
    expect(await wrongFields({ subscriptionEndsAt })).toEqual(['subscriptionEndsAt']);
  });

  it.each([-1, 1.5, 2 ** 31, NaN, '5'])('refuses the limit %j', async (maxUsers) => {
    expect(await wrongFields({ limits: { maxUsers } })).toEqual(['limits']);
  });

  it.each([0, 2 ** 31 - 1, null])('accepts the limit %j', async (maxUsers) => {
    expect(await wrongFields({ limits: { maxUsers } })).toEqual([]);
  });
});
