import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { pollUntil } from '@poc-tracker/embedded';
import { describe, expect, it } from 'vitest';
import { DEADLINE_MS, outcome, tracker, useTracker } from './running-tracker.fixture.js';

useTracker();

describe('A plan feature', () => {
  const OFF = {
    real_time_dojos: false,
    video_generation: false,
    advanced_analytics: false,
    api_access: false,
  };

  it('that is missing closes its route, which names the plans that have it', async () => {
    const boss = await tracker.user({ role: 'manager', features: OFF });
    const id = await tracker.poc(boss);
    const video = { type: 'video/mp4' };
    const refused = {
      advanced_analytics: await tracker.call('GET', '/pocs/analytics', { token: boss.token }),
      api_access: await tracker.call('GET', '/pocs/export', { token: boss.token }),
      real_time_dojos: await tracker.call('GET', `/pocs/${id}/events`, { token: boss.token }),
      video_generation: await tracker.upload(boss, id, Buffer.from('video'), video),
    };
    for (const [feature, { status, error }] of Object.entries(refused)) {
      expect([status, error.code]).toEqual([403, 'FEATURE_NOT_AVAILABLE']);
      expect(error.details).toEqual({
        feature,
        availableIn: expect.arrayContaining(['enterprise']) as unknown,
      });
    }
    await tracker.sql(`UPDATE tenants SET features = features || $2 WHERE id = $1`, [
      boss.tenantId,
      JSON.stringify({ video_generation: true }),
    ]);
    const taken = await pollUntil(async () => {
      const { status } = await tracker.upload(boss, id, Buffer.from('video'), video);
      return status === 201 || undefined;
    }, DEADLINE_MS);
    expect(taken).toBe(true);
  });

  it('advanced_analytics counts POCs and storage', async () => {
    const boss = await tracker.user({ role: 'manager', features: { advanced_analytics: true } });
    const id = await tracker.poc(boss, { status: 'active' });
    await tracker.poc(boss);
    await tracker.upload(boss, id, Buffer.alloc(1_000));
    const { data } = await tracker.call('GET', '/pocs/analytics', { token: boss.token });
    expect(data).toMatchObject({
      byStatus: [
        { status: 'active', count: 1 },
        { status: 'draft', count: 1 },
      ],
      storageByAuthor: [{ authorId: boss.userId, files: 1, bytes: 1_000 }],
    });
    expect(data['byWeek']).toHaveLength(2);
  });

  it('api_access exports every POC as a line of JSON, more than one page of them', async () => {
    const ana = await tracker.user({ features: { api_access: true } });
    await tracker.sql(`UPDATE tenants SET max_pocs = 5000 WHERE id = $1`, [ana.tenantId]);
    await tracker.sql(
      `INSERT INTO pocs (tenant_id, title) SELECT $1, 'POC ' || n FROM generate_series(1, 1201) n`,
      [ana.tenantId],
    );
    await tracker.poc(await tracker.user(), { title: 'Of another tenant' });
    const { status, headers, bytes } = await tracker.call('GET', '/pocs/export', {
      token: ana.token,
    });
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    const lines = bytes.toString().trimEnd().split('\n');
    const titles = lines.map((line) => (JSON.parse(line) as { title: string }).title);
    expect(new Set(titles).size).toBe(1201);
    expect(titles).not.toContain('Of another tenant');
  });

  it('api_access stops an export when the session ends', async () => {
    const ana = await tracker.user({ features: { api_access: true } });
    await tracker.sql(`UPDATE tenants SET max_pocs = 5000 WHERE id = $1`, [ana.tenantId]);
    await tracker.sql(
      `INSERT INTO pocs (tenant_id, title, description)
       SELECT $1, 'POC ' || n, repeat('x', 10000) FROM generate_series(1, 3000) n`,
      [ana.tenantId],
    );
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${ana.token}` };
      get(`${tracker.url}/api/v1/pocs/export`, { agent: false, headers }, resolve).once(
        'error',
        reject,
      );
    });
    await once(response, 'readable');
    await tracker.revoke(ana);
    const known = await pollUntil(
      async () => (await outcome(ana, 'GET', '/pocs')) === '401 TOKEN_REVOKED' || undefined,
      DEADLINE_MS,
    );
    expect(known).toBe(true);
    let lines = 0;
    const reading = (async () => {
      for await (const chunk of response) lines += String(chunk).split('\n').length - 1;
    })();
    await expect(reading).rejects.toThrow('aborted');
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(3000);
  });
});
