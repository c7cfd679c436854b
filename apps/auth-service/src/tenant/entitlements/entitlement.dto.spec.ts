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
    'takes %j for the end of a subscription',
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
  ])('takes no %j for one', async (subscriptionEndsAt) => {
    expect(await wrongFields({ subscriptionEndsAt })).toEqual(['subscriptionEndsAt']);
  });

  it.each([-1, 1.5, 2 ** 31, NaN, '5'])('takes no %j for a limit', async (maxUsers) => {
    expect(await wrongFields({ limits: { maxUsers } })).toEqual(['limits']);
  });

  it.each([0, 2 ** 31 - 1, null])('takes %j for a limit', async (maxUsers) => {
    expect(await wrongFields({ limits: { maxUsers } })).toEqual([]);
  });
});
