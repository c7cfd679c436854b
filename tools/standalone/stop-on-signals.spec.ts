import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

let service: ChildProcess | undefined;

afterEach(() => {
  service?.kill('SIGKILL');
});

/** A process whose stop takes until the test lets it end, so that no time has to be guessed. */
async function startService(
  stop: string,
): Promise<{ service: ChildProcess; output: () => string }> {
  const program = `
    import { stopOnSignals } from './tools/standalone/stop-on-signals.ts';
    let release;
    process.stdin.once('data', () => release());
    stopOnSignals(async () => { ${stop} });
    console.log('ready');`;
  service = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [service.stdout, service.stderr])
    stream?.on('data', (data: Buffer) => (printed += data.toString()));
  await once(service.stdout!, 'data');
  return { service, output: () => printed };
}

describe('stopOnSignals', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'waits for what %s stops and then ends well',
    async (signal) => {
      const { service, output } = await startService(
        'await new Promise((done) => (release = done)); console.log("stopped");',
      );
      service.kill(signal);
      await once(service.stdout!, 'data');
      service.stdin!.write('go\n');
      expect(await once(service, 'exit')).toEqual([0, null]);
      expect(output()).toMatch(/Finishing what is in flight[^]*stopped\n$/);
    },
  );

  it('takes the second signal of one Ctrl-C for the same wish', async () => {
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

  it('reports why stopping failed', async () => {
    const { service, output } = await startService('throw new Error("the pool does not close")');
    service.kill('SIGTERM');
    expect(await once(service, 'exit')).toEqual([1, null]);
    expect(output()).toContain('the pool does not close');
  });
});
