import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pollUntil } from '@poc-tracker/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StartFailureError } from '@poc-tracker/http-service';
import { TrackerProcess } from './tracker.process.js';

const DEADLINE_MS = 10_000;

let folder: string;
let running: TrackerProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'poc-tracker-process-'));
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true });
});

/** A program in place of the tracker. It writes its process id and the events that it receives to a file. */
function program(source: string): string {
  const file = join(folder, 'tracker.mjs');
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
     const note = (text) => appendFileSync(${JSON.stringify(join(folder, 'notes'))}, text + '\\n');
     note(String(process.pid));
     process.on('SIGTERM', () => { note('stopped'); process.exit(0); });
     process.on('disconnect', () => { note('disconnected'); process.exit(0); });
     setInterval(() => undefined, 1000);
     ${source}`,
  );
  return file;
}

function notes(): string[] {
  return readFileSync(join(folder, 'notes'), 'utf8').trim().split('\n');
}

async function start(source: string, said: string[] = []): Promise<TrackerProcess> {
  running = await TrackerProcess.start({
    bundle: program(source),
    env: { PATH: process.env['PATH'] },
    say: (line) => void said.push(line),
  });
  return running;
}

const READY = `process.send({ ready: 'http://127.0.0.1:3001' });`;

describe('TrackerProcess', () => {
  it('starts the tracker, waits until it serves, and stops it', async () => {
    const tracker = await start(READY);
    expect(tracker.url).toBe('http://127.0.0.1:3001');
    await tracker.stop();
    expect(notes().at(-1)).toBe('stopped');
  });

  it('restarts a tracker that ends by itself', async () => {
    const said: string[] = [];
    await start(READY, said);
    process.kill(Number(notes()[0]), 'SIGKILL');
    const again = await pollUntil(() => (notes().length > 1 ? true : undefined), DEADLINE_MS);
    expect(again).toBe(true);
    expect(said).toEqual(['The tracker has ended. Restarting it …']);
  });

  it('does not restart a tracker that ended just before the stop', async () => {
    const tracker = await start(READY);
    process.kill(Number(notes()[0]), 'SIGKILL');
    await tracker.stop();
    expect(notes()).toHaveLength(1);
  });

  it('fails the start if the tracker ends before it serves', async () => {
    await expect(start('process.exit(1);')).rejects.toThrow(StartFailureError);
  });
});
