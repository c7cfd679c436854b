import { get } from 'node:http';
import { pollUntil } from '@poc-tracker/embedded';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from './tracker.fixture.js';
import { DEADLINE_MS, outcome, tracker, useTracker } from './running-tracker.fixture.js';

useTracker();

describe('The event stream of a POC', () => {
  /** Reads a stream; `text` grows until it ends. */
  async function follow(
    user: UserRecord,
    pocId: string,
  ): Promise<{
    status: number | undefined;
    text: () => string;
    ended: Promise<void>;
    stop: () => void;
  }> {
    return new Promise((resolve, reject) => {
      const outgoing = get(
        `${tracker.url}/api/v1/pocs/${pocId}/events`,
        { agent: false, headers: { authorization: `Bearer ${user.token}` } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          const ended = new Promise<void>((done) => response.once('close', done));
          const stop = () => outgoing.destroy();
          resolve({ status: response.statusCode, text: () => text, ended, stop });
        },
      );
      outgoing.once('error', reject);
    });
  }

  it('reports changes made by any process, and none of other POCs or tenants', async () => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana);
    const other = await tracker.poc(ana);
    const stream = await follow(ana, id);
    await tracker.sql(`UPDATE pocs SET title = 'By another process' WHERE id = $1`, [id]);
    await tracker.call('PATCH', `/pocs/${other}`, { token: ana.token, body: { title: 'x' } });
    const file = await tracker.upload(ana, id, Buffer.from('file'));
    await tracker.call('DELETE', `/pocs/${id}/files/${file.data.id}`, { token: ana.token });
    await tracker.call('DELETE', `/pocs/${id}`, { token: ana.token });
    await stream.ended;
    const events = [...stream.text().matchAll(/^event: (.*)$/gm)].map(([, event]) => event);
    expect(events).toEqual(['poc.updated', 'file.added', 'file.removed', 'poc.deleted']);
    expect(stream.text()).toContain(`data: {"pocId":"${id}","subjectId":"${file.data.id}"}`);
    expect(stream.text()).not.toContain(other);
  });

  it('ends with the session', async () => {
    const ana = await tracker.user();
    const stream = await follow(ana, await tracker.poc(ana));
    await tracker.revoke(ana);
    await stream.ended;
    expect(stream.text()).toContain('event: closed\ndata: {"code":"TOKEN_REVOKED"}');
  });

  it('is limited per user, also for parallel requests', async () => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana);
    const asked = Array.from({ length: 20 }, () => follow(ana, id));
    const streams = await Promise.all(asked);
    const refused = streams.filter(({ status }) => status === 429);
    expect([streams.length, refused.length]).toEqual([20, 10]);
    for (const { stop } of streams) stop();
  });

  it('ignores notifications that no trigger has sent', async () => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana);
    const stream = await follow(ana, id);
    const forged = { tenantId: ana.tenantId, pocId: id, subjectId: null };
    for (const payload of [
      'no JSON',
      'null',
      '[]',
      JSON.stringify({ ...forged, event: 'x\nevent: closed' }),
    ])
      await tracker.sql(`SELECT pg_notify('poc_changes', $1)`, [payload]);
    await tracker.call('PATCH', `/pocs/${id}`, { token: ana.token, body: { title: 'x' } });
    const received = await pollUntil(
      async () => stream.text().includes('event: poc.updated') || undefined,
      DEADLINE_MS,
    );
    expect(received).toBe(true);
    expect(stream.text()).not.toContain('closed');
    stream.stop();
  });

  it('ends with the feature and is limited per user', async () => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana);
    const streams = [];
    for (let count = 0; count < 10; count += 1) streams.push(await follow(ana, id));
    expect(await outcome(ana, 'GET', `/pocs/${id}/events`)).toBe('429 RATE_LIMIT_EXCEEDED');
    await tracker.sql(`UPDATE tenants SET features = '{"real_time_dojos": false}' WHERE id = $1`, [
      ana.tenantId,
    ]);
    await Promise.all(streams.map(({ ended }) => ended));
    expect(streams[0]?.text()).toContain('FEATURE_NOT_AVAILABLE');
  });

  it('tells clients to reload after its database connection was lost', async () => {
    const ana = await tracker.user();
    const stream = await follow(ana, await tracker.poc(ana));
    await tracker.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'poc-tracker-events' AND datname = current_database()`,
    );
    const received = await pollUntil(
      async () => stream.text().includes('event: resync') || undefined,
      DEADLINE_MS,
    );
    expect(received).toBe(true);
    stream.stop();
  });
});
