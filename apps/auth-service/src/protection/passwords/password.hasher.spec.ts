import { Logger } from '@nestjs/common';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { runInRequestContext } from '@poc-tracker/tenancy';
import * as argon2 from 'argon2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ARGON2_DEFAULTS } from '../../config/argon2-settings.js';
import { MAX_WAITING_OF_SOURCE, MAX_WAITING_OF_TENANT, PasswordHasher } from './password.hasher.js';

vi.mock('argon2', async (importOriginal) => {
  const original = await importOriginal<typeof import('argon2')>();
  return { ...original, hash: vi.fn(original.hash), verify: vi.fn(original.verify) };
});

/** The parameters of production. */
const OWASP = { ...ARGON2_DEFAULTS, concurrency: 2 };
const CHEAP = { memoryKib: 7_168, iterations: 1, parallelism: 1, concurrency: 2 };

const hasherOf = (passwords: typeof OWASP) => new PasswordHasher({ passwords });
const SALT_AND_HASH = '$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

// These tests cause many warnings about refused hashes.
Logger.overrideLogger(false);

afterEach(() => {
  vi.restoreAllMocks();
  // To the original implementation, also after a test that failed.
  vi.mocked(argon2.verify).mockReset();
  vi.mocked(argon2.hash).mockReset();
});

/**
 * CPU time of the work on all threads. Unlike the elapsed time, it does not depend on other
 * processes.
 */
async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('PasswordHasher.hash', () => {
  it('creates argon2id hashes with the configured parameters and a random salt', async () => {
    const hasher = hasherOf(OWASP);
    const [first, second] = await Promise.all([
      hasher.hash('quatro cavalos'),
      hasher.hash('quatro cavalos'),
    ]);
    expect(first).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    );
    expect(second).not.toBe(first);
  });

  it.each([
    ['4 KiB', 'x'.repeat(4_096)],
    ['257 characters', 'x'.repeat(257)],
    ['half a surrogate pair', 'quatro cavalos \uDC00'],
  ])('refuses %s without hashing', async (_what, password) => {
    await expect(hasherOf(CHEAP).hash(password)).rejects.toThrow(RangeError);
    expect(argon2.hash).not.toHaveBeenCalled();
  });
});

describe('PasswordHasher.verify', () => {
  const hasher = hasherOf(CHEAP);

  it('accepts the password and no other', async () => {
    const stored = await hasher.hash('quatro cavalos pastam longe');
    await expect(hasher.verify(stored, 'quatro cavalos pastam longe')).resolves.toEqual({
      valid: true,
      outdated: false,
    });
    await expect(hasher.verify(stored, 'Quatro cavalos pastam longe')).resolves.toEqual({
      valid: false,
      outdated: false,
    });
    await expect(hasher.verify(stored, 'quatro cavalos pastam longe ')).resolves.toMatchObject({
      valid: false,
    });
  });

  it.each([80, 256])('compares every character of a password of %i characters', async (length) => {
    const password = 'k'.repeat(length);
    const stored = await hasher.hash(password);
    await expect(hasher.verify(stored, `${password.slice(0, -1)}K`)).resolves.toMatchObject({
      valid: false,
    });
    await expect(hasher.verify(stored, password.slice(0, -1))).resolves.toMatchObject({
      valid: false,
    });
    await expect(hasher.verify(stored, password)).resolves.toMatchObject({ valid: true });
  });

  it('accepts the composed and the decomposed form of the same password', async () => {
    const password = 'maçã é fruta 🍎 ﬁm';
    const stored = await hasher.hash(password.normalize('NFC'));
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD']) {
      await expect(hasher.verify(stored, password.normalize(form))).resolves.toMatchObject({
        valid: true,
      });
    }
  });

  it.each([
    ['fewer passes', { memoryCost: 7_168, timeCost: 1, parallelism: 1 }, true],
    ['less memory', { memoryCost: 1_024, timeCost: 2, parallelism: 1 }, true],
    ['argon2i', { type: argon2.argon2i, memoryCost: 8_192, timeCost: 3, parallelism: 1 }, true],
    [
      'the version before RFC 9106',
      { version: 0x10, memoryCost: 8_192, timeCost: 3, parallelism: 1 },
      true,
    ],
    ['the same setting', { memoryCost: 8_192, timeCost: 2, parallelism: 1 }, false],
    ['more of everything', { memoryCost: 16_384, timeCost: 3, parallelism: 2 }, false],
  ])('returns whether a hash with %s is outdated', async (_what, options, outdated) => {
    const current = hasherOf({ ...CHEAP, memoryKib: 8_192, iterations: 2 });
    const stored = await argon2.hash('quatro cavalos', options);
    await expect(current.verify(stored, 'quatro cavalos')).resolves.toEqual({
      valid: true,
      outdated,
    });
    await expect(current.verify(stored, 'cinco cavalos')).resolves.toEqual({
      valid: false,
      outdated: false,
    });
  });

  it.each([
    ['8 GiB of memory', `$argon2id$v=19$m=8388608,t=2,p=1${SALT_AND_HASH}`],
    ['1000 passes', `$argon2id$v=19$m=19456,t=1000,p=1${SALT_AND_HASH}`],
    ['a thousand lanes', `$argon2id$v=19$m=19456,t=2,p=1000${SALT_AND_HASH}`],
    ['a number of 400 digits', `$argon2id$v=19$m=${'9'.repeat(400)},t=2,p=1${SALT_AND_HASH}`],
    [
      'a digest of a kilobyte',
      `$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$${'A'.repeat(1_366)}`,
    ],
    ['another scheme', '$2b$12$abcdefghijklmnopqrstuuWGa8rH1p8gUO3pTjDkT5vLxzY1oV1qW'],
    ['nothing', ''],
  ])('refuses a stored hash with %s within 50 ms and without hashing', async (_what, stored) => {
    const spent = await milliseconds(() =>
      expect(hasher.verify(stored, 'quatro cavalos')).resolves.toEqual({
        valid: false,
        outdated: false,
      }),
    );
    expect(spent).toBeLessThan(50);
    expect(argon2.verify).not.toHaveBeenCalled();
  });

  it('refuses a password of 4 KiB within 50 ms and without hashing, for a known and an unknown account', async () => {
    const stored = await hasher.hash('quatro cavalos');
    const spent = await milliseconds(async () => {
      await expect(hasher.verify(stored, 'x'.repeat(4_096))).resolves.toEqual({
        valid: false,
        outdated: false,
      });
      await hasher.verifyDummy('x'.repeat(4_096));
    });
    expect(spent).toBeLessThan(50);
    expect(argon2.verify).not.toHaveBeenCalled();
  });
});

describe('PasswordHasher.verifyDummy', () => {
  it('uses the current parameters, as verify does for a known account', async () => {
    await hasherOf(OWASP).verifyDummy('quatro cavalos');
    expect(vi.mocked(argon2.verify).mock.calls).toEqual([
      [expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/), 'quatro cavalos'],
    ]);
  });

  it('takes as long as verify', async () => {
    const hasher = hasherOf(OWASP);
    const stored = await hasher.hash('quatro cavalos');
    let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let attempt = 0; attempt < 15; attempt += 1) {
      known = Math.min(known, await milliseconds(() => hasher.verify(stored, 'cinco cavalos')));
      unknown = Math.min(unknown, await milliseconds(() => hasher.verifyDummy('cinco cavalos')));
    }
    expect(unknown / known).toBeGreaterThan(0.75);
    expect(unknown / known).toBeLessThan(1.33);
  });
});

describe('PasswordHasher under load', () => {
  const tenantOf = (id: string) => ({ id }) as TenantSnapshot;

  /** Runs `work` as a request of a client of a tenant. */
  const asRequestOf = <T>(tenantId: string, ipAddress: string, work: () => T): T =>
    runInRequestContext(
      { requestId: 'r', tenant: tenantOf(tenantId), client: { ipAddress, userAgent: null } },
      work,
    );

  it('hashes up to the configured concurrency, queues a limited number per tenant and address and refuses the rest', async () => {
    const hasher = hasherOf(CHEAP);
    let active = 0;
    let most = 0;
    // Takes no time, so that the deadline refuses nothing.
    const instantly = async (): Promise<boolean> => {
      active += 1;
      most = Math.max(most, active);
      await Promise.resolve();
      active -= 1;
      return true;
    };
    vi.mocked(argon2.verify).mockImplementation(instantly);
    const stored = `$argon2id$v=19$m=7168,t=1,p=1${SALT_AND_HASH}`;
    const burst = (tenantId: string, addresses: number) =>
      Promise.allSettled(
        Array.from({ length: 200 }, (_, index) =>
          asRequestOf(tenantId, `203.0.113.${index % addresses}`, () =>
            index % 2 === 0
              ? hasher.verify(stored, 'quatro cavalos')
              : hasher.verifyDummy('quatro cavalos'),
          ),
        ),
      );
    const [ofMany, ofOne] = await Promise.all([burst('a', 50), burst('b', 1)]);
    const refused = (results: PromiseSettledResult<unknown>[]) =>
      results.filter((result) => result.status === 'rejected');
    expect(most).toBe(CHEAP.concurrency);
    expect(ofMany.length - refused(ofMany).length).toBe(CHEAP.concurrency + MAX_WAITING_OF_TENANT);
    expect(ofOne.length - refused(ofOne).length).toBe(MAX_WAITING_OF_SOURCE);
    for (const { reason } of [...refused(ofMany), ...refused(ofOne)])
      expect(reason).toMatchObject({ code: 'SERVICE_BUSY' });
  });
});
