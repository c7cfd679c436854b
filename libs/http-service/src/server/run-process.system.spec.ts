import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

let service: ChildProcess | undefined;

afterEach(() => {
  service?.kill('SIGKILL');
});

/** A process whose stop waits for input from the test, so no test depends on timing. */
async function startService(
  stop: string,
): Promise<{ service: ChildProcess; output: () => string }> {
  const program = `
    import { runProcess } from '${join(import.meta.dirname, 'run-process.ts')}';
    let release;
    process.stdin.once('data', () => release());
    runProcess({
      start: async (stopWith) => {
        stopWith(async () => { ${stop} });
        console.log('ready');
      },
      translateError: () => undefined,
    });`;
  service = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [service.stdout, service.stderr])
    stream?.on('data', (data: Buffer) => (printed += data.toString()));
  await once(service.stdout!, 'data');
  return { service, output: () => printed };
}

describe('runProcess', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stops in order on %s and exits with code 0',
    async (signal) => {
      const { service, output } = await startService(
        'await new Promise((done) => (release = done)); console.log("stopped");',
      );
      service.kill(signal);
      await once(service.stdout!, 'data');
      service.stdin!.write('go\n');
      expect(await once(service, 'exit')).toEqual([0, null]);
      expect(output()).toMatch(/Finishing the requests[^]*stopped\n$/);
    },
  );

  it('warns on a Node.js after its end of life, and on no other', async () => {
    const { service, output } = await startService('');
    service.kill('SIGTERM');
    await once(service, 'exit');
    const old = Number.parseInt(process.versions.node) < 22;
    expect(output().includes('Node 20 reached its end of life')).toBe(old);
  });

  it('stops once although Ctrl-C sends two signals', async () => {
    const { service, output } = await startService(
      'await new Promise((done) => (release = done)); console.log("stopped");',
    );
    service.kill('SIGINT');
    await once(service.stdout!, 'data');
    service.kill('SIGINT');
    service.stdin!.write('go\n');
    expect(await once(service, 'exit')).toEqual([0, null]);
    expect(output().match(/stopped/g)).toHaveLength(1);
  });

  it('prints why stopping failed and exits with code 1', async () => {
    const { service, output } = await startService('throw new Error("the pool does not close")');
    service.kill('SIGTERM');
    expect(await once(service, 'exit')).toEqual([1, null]);
    expect(output()).toContain('the pool does not close');
  });
});
