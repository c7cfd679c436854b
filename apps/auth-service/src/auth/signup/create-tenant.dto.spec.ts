import 'reflect-metadata';
import { RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { CreateTenantDto } from './create-tenant.dto.js';

const valid = {
  name: 'Acme Ltda',
  subdomain: 'acme',
  adminEmail: 'admin@acme.example',
  adminPassword: 'quatro cavalos pastam longe',
};

async function check(
  overrides: Record<string, unknown>,
): Promise<{ input: CreateTenantDto; refused: string[] }> {
  const input = plainToInstance(CreateTenantDto, { ...valid, ...overrides });
  const errors = await validate(input, { whitelist: true, forbidNonWhitelisted: true });
  return { input, refused: errors.map(({ property }) => property) };
}

describe('the input of a new tenant', () => {
  it('accepts the required fields alone and defaults to the basic plan', async () => {
    const { input, refused } = await check({});
    expect(refused).toEqual([]);
    expect(input.planType).toBe('basic');
  });

  it('trims names and lower-cases the email address', async () => {
    const { input, refused } = await check({
      name: '  Acme Ltda ',
      adminEmail: ' Admin@Acme.Example ',
      adminFirstName: ' Ana ',
      adminLastName: ' Souza ',
      planType: 'pro',
    });
    expect(refused).toEqual([]);
    expect(input).toMatchObject({
      name: 'Acme Ltda',
      adminEmail: 'admin@acme.example',
      adminFirstName: 'Ana',
      adminLastName: 'Souza',
      planType: 'pro',
    });
  });

  it.each(['a', '7', 'a-b', 'a--b', '2024', 'x'.repeat(63)])(
    'accepts the subdomain %s',
    async (subdomain) => {
      expect((await check({ subdomain })).refused).toEqual([]);
    },
  );

  it.each([
    '',
    '-',
    '-acme',
    'acme-',
    'Acme',
    'ac me',
    'ac_me',
    'ac.me',
    'acmé',
    'acme\n',
    'x'.repeat(64),
    null,
    7,
    ['acme'],
    ...RESERVED_SUBDOMAINS,
    'auth1',
    'www1',
    'support1',
    'plat-form',
    'l0calhost',
    'sm-tp',
    '4dmin',
  ])('refuses the subdomain %j', async (subdomain) => {
    expect((await check({ subdomain })).refused).toEqual(['subdomain']);
  });

  it.each([
    ['name', ''],
    ['name', '   '],
    ['name', 'x'.repeat(256)],
    ['name', 'Acme\r\nBcc: everybody@example.com'],
    ['name', null],
    ['adminEmail', 'admin'],
    ['adminEmail', `${'x'.repeat(250)}@acme.example`],
    ['adminEmail', { $ne: '' }],
    ['adminPassword', 12345678],
    ['adminPassword', 'x'.repeat(1_025)],
    ['adminFirstName', ''],
    ['adminFirstName', null],
    ['adminLastName', 'x'.repeat(51)],
    ['planType', 'free'],
    ['planType', null],
    ['maxUsers', 1_000_000],
    ['features', { api_access: true }],
    ['status', 'active'],
    ['id', '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f'],
  ])('refuses %s = %j', async (field, value) => {
    expect((await check({ [field]: value })).refused).toEqual([field]);
  });
});
