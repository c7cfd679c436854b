import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { findFreePort } from '@poc-tracker/embedded';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../apps/auth-service/src/app.setup.js';
import { testConfig } from '../../apps/auth-service/src/config/test-config.js';
import { Consumer, FeedFixture, type Outcome, report, WORLD_START_MS } from './feed.fixture.js';

/** Replaces the default of 8 s, so that streams are renewed constantly during the other tests. */
const RENEW_AFTER_MS = 1_000;

const FREEZE_MS = Number(process.env['FREEZE_MS'] ?? 3_000);

describe('The revocation stream over HTTP, for an application without database and Redis', () => {
  const secret = randomBytes(32).toString('base64url');
  const clientId = randomUUID();
  let world: FeedFixture;
  let service: NestFastifyApplication;
  let port: number;
  let elsewhere: Consumer;

  async function startService(): Promise<void> {
    service = await createApp(testConfig(world.database));
    await service.listen(port, '127.0.0.1');
  }

  const follow = (authorization?: string, signal?: AbortSignal, at = port) =>
    fetch(`http://127.0.0.1:${at}/api/v1/oauth/revocations`, {
      headers: authorization === undefined ? {} : { authorization },
      ...(signal !== undefined && { signal }),
    });

  const basic = (id: string, password: string) =>
    `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;

  beforeAll(async () => {
    world = await FeedFixture.start();
    port = await findFreePort();
    await startService();
    const platform = randomUUID();
    await world.admin.query(
      `INSERT INTO tenants (id, name, subdomain, is_platform) VALUES ($1, 'Platform', 'platform', true)`,
      [platform],
    );
    await world.admin.query(
      `INSERT INTO service_clients (tenant_id, id, name, name_key, secret_hash)
       VALUES ($1, $2, 'elsewhere', 'elsewhere', $3)`,
      [platform, clientId, createHash('sha256').update(secret).digest()],
    );
    elsewhere = await Consumer.start('elsewhere', {
      ISSUER_URL: `http://127.0.0.1:${port}`,
      CLIENT_ID: clientId,
      CLIENT_SECRET: secret,
      RENEW_AFTER_MS: String(RENEW_AFTER_MS),
    });
    world.consumers.push(elsewhere);
  }, WORLD_START_MS);

  afterAll(async () => {
    await service.close();
    await world.stop();
  });

  async function revokeManyTimes(what: string, rounds: number): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const session = await world.session();
      const end = () => world.end(session);
      outcomes.push(await world.observe(session, end, undefined, [elsewhere]));
    }
    report(`HTTP, ${what}`, outcomes);
    return outcomes;
  }

  it('refuses a session within the bound, without a query per request', async () => {
    const before = await elsewhere.state();
    const outcomes = await revokeManyTimes('undisturbed', 20);
    expect(outcomes.flatMap(({ late }) => late)).toEqual([]);
    const { asked } = await elsewhere.state();
    const answers = outcomes.reduce((sum, outcome) => sum + outcome.answers, 0);
    console.log(`HTTP: ${asked - before.asked} questions for ${answers} answers`);
    expect(asked - before.asked).toBeLessThan(answers / 4);
  });

  it('switches from stream to stream without asking again', async () => {
    const session = await world.session();
    const before = await elsewhere.state();
    // The fourth stream is opened once the third is trusted.
    await vi.waitFor(
      async () => expect((await elsewhere.state()).streams).toBeGreaterThan(before.streams + 3),
      { timeout: 20_000, interval: 50 },
    );
    expect(await elsewhere.check(session)).toMatchObject({ accepted: true });
    expect((await elsewhere.state()).asked - before.asked).toBeLessThanOrEqual(1);
    const outcome = await world.observe(session, () => world.end(session), undefined, [elsewhere]);
    expect(outcome.late).toEqual([]);
  }, 60_000);

  it('lets a service stop at once although one client reads its stream and another does not', async () => {
    const stopping = await createApp(testConfig(world.database));
    await stopping.listen(0, '127.0.0.1');
    const { port: at, hostname } = new URL(await stopping.getUrl());
    const authorization = basic(clientId, secret);
    const reading = await follow(authorization, undefined, Number(at));
    const stalled = connect(Number(at), hostname);
    stalled.on('error', () => undefined);
    stalled.write(
      `GET /api/v1/oauth/revocations HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`,
    );
    await once(stalled, 'readable');
    const started = performance.now();
    await stopping.close();
    const took = performance.now() - started;
    console.log(`HTTP: stopped in ${took.toFixed(0)} ms with two streams open`);
    expect(took).toBeLessThan(2_000);
    expect(await reading.text()).toMatch(/\n$/);
    stalled.destroy();
  });

  it(
    `refuses at the first request after a freeze of ${FREEZE_MS} ms what was revoked meanwhile`,
    async () => {
      const session = await world.session();
      expect(await elsewhere.check(session)).toMatchObject({ accepted: true });
      elsewhere.freeze();
      await world.end(session);
      const waiting = [1, 2, 3].map(() => elsewhere.check(session));
      await delay(FREEZE_MS);
      elsewhere.thaw();
      for (const answer of await Promise.all(waiting)) expect(answer.accepted).toBe(false);
    },
    FREEZE_MS + 60_000,
  );

  it('refuses every token while the issuer is unreachable and accepts them when it is back', async () => {
    const session = await world.session();
    await service.close();
    await vi.waitFor(async () => {
      expect(await elsewhere.check(session)).toMatchObject({
        accepted: false,
        code: 'SERVICE_UNAVAILABLE',
      });
    });
    await startService();
    await vi.waitFor(
      async () => expect(await elsewhere.check(session)).toMatchObject({ accepted: true }),
      { timeout: 10_000 },
    );
    const outcome = await world.observe(session, () => world.end(session), undefined, [elsewhere]);
    expect(outcome.late).toEqual([]);
  }, 60_000);

  it('refuses a caller that is not a client of the service', async () => {
    for (const authorization of [
      undefined,
      basic(clientId, 'wrong'),
      basic(randomUUID(), secret),
      'Bearer x',
    ]) {
      const answer = await follow(authorization);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: 'invalid_client' });
    }
  });

  it('sends the time at once, then a line at least every 40 ms on an idle machine', async () => {
    const abort = new AbortController();
    const answer = await follow(basic(clientId, secret), abort.signal);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const started = performance.now();
    while (text.split('\n').length <= 20)
      text += new TextDecoder().decode((await reader.read()).value);
    abort.abort();
    const [first, ...lines] = text
      .split('\n')
      .slice(0, 20)
      .map((line) => JSON.parse(line) as { n: number; t: number });
    expect(first).toMatchObject({ n: 0, events: [] });
    expect(lines.map(({ n }) => n)).toEqual(lines.map((_line, index) => index + 1));
    console.log(`HTTP: 20 lines in ${(performance.now() - started).toFixed(0)} ms`);
  });
});
