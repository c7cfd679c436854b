/**
 * Measures how much attacks of one tenant slow down another: the latency of its requests, and of health checks, before and during
 * each attack. Ends with 1 if a bound does not hold.
 *
 *     npm run bench:fairness                     all attacks
 *     npm run bench:fairness -- log-ins          some of them, by name
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask } from '../pinned-process.js';
import { settled } from '../seed.js';
import { table } from '../summary.js';
import type { Attack } from './attack.js';
import { ATTACKS } from './attacks/index.js';
import type { FloodOrder, Statuses } from './flooder.js';
import { MemoryWatch } from './memory-watch.js';
import { type Measurement, measure, type Probe, probesOf } from './probe.js';
import { measureReference } from './reference.js';
import { withWorld, type World } from './world.js';

/** Enough log-ins that their 99th percentile is not the slowest one. */
const SECONDS = 30;
const WARM_UP_SECONDS = 3;
const ATTACK_CORE = 1;

interface Result {
  attack: Attack;
  probes: { probe: Probe; before: Measurement; during: Measurement }[];
  answers: Statuses;
  /** Milliseconds that a bound may be exceeded by: what reading the flood alone takes. */
  reference: number;
  /** Of the service, in MiB. */
  memory: { before: number; peak: number };
}

const { positionals: names } = parseArgs({ allowPositionals: true });
const unknown = names.filter((name) => !ATTACKS.some((attack) => attack.name === name));
if (unknown.length > 0)
  throw new Error(
    `There is no attack ${unknown.join(', ')}. There are ${ATTACKS.map(({ name }) => name).join(', ')}.`,
  );
const chosen = ATTACKS.filter(({ name }) => names.length === 0 || names.includes(name));

await withWorld(async (world) => {
  const usual = await probesOf(world);
  await measureAll(usual, WARM_UP_SECONDS);
  const results: Result[] = [];
  for (const attack of chosen) {
    process.stderr.write(`${attack.name}: ${attack.description}, every second for ${SECONDS} s\n`);
    results.push(await run(world, attack, usual));
  }
  print(results);
  if (results.some(({ probes, reference }) => probes.some((one) => !isWithinBound(one, reference))))
    process.exitCode = 1;
});

async function run(world: World, attack: Attack, usual: readonly Probe[]): Promise<Result> {
  const flood = await attack.prepare(world);
  const probes = [...usual, ...((await attack.bystanders?.(world)) ?? [])];
  await settled(world.adminUrl);
  const before = await measureAll(probes, SECONDS);
  const memory = new MemoryWatch(world.pid);
  const order: FloodOrder = { ...flood, url: world.url, seconds: SECONDS };
  const answers = ask<Statuses>(ATTACK_CORE, join(import.meta.dirname, 'flooder.ts'), order);
  const during = await measureAll(probes, SECONDS);
  return {
    attack,
    probes: probes.map((probe, index) => ({
      probe,
      before: before[index] as Measurement,
      during: during[index] as Measurement,
    })),
    answers: await answers,
    memory: memory.stop(),
    reference: attack.hasReference === true ? await measureReference(flood, ATTACK_CORE) : 0,
  };
}

function measureAll(probes: readonly Probe[], seconds: number): Promise<Measurement[]> {
  return Promise.all(probes.map((probe) => measure(probe, seconds)));
}

function isWithinBound(
  { probe: { bound }, before, during }: Result['probes'][number],
  reference: number,
): boolean {
  const limit = 'ms' in bound ? bound.ms : bound.times * before.p99 + reference;
  const failures = [before, during].flatMap(({ failed }) => Object.keys(failed));
  return during.p99 <= limit && failures.length === 0;
}

function print(results: readonly Result[]): void {
  const rows = results.flatMap(({ attack, probes, reference }) =>
    probes.map((one) => {
      const { probe, before, during } = one;
      const { bound } = probe;
      return [
        attack.name,
        probe.route,
        ...[before.p50, before.p99, during.p50, during.p99].map((ms) => ms.toFixed(1)),
        (during.p99 / before.p99).toFixed(2),
        'ms' in bound
          ? `${bound.ms} ms`
          : `${bound.times} x${reference > 0 ? ` + ${reference.toFixed(0)} ms` : ''}`,
        [before, during].map(({ failed }) => toText(failed)).join(' / '),
        isWithinBound(one, reference) ? '' : 'EXCEEDED',
      ];
    }),
  );
  const columns = ['p50 before', 'p99 before', 'p50 during', 'p99 during', 'p99 ratio', 'bound'];
  console.log(table(['attack', 'route', ...columns, 'failed', ''], rows));
  console.log(
    table(
      ['attack', 'answers by status', 'MiB before', 'MiB at most'],
      results.map(({ attack, answers, memory }) => [
        attack.name,
        toText(answers),
        memory.before.toFixed(0),
        memory.peak.toFixed(0),
      ]),
    ),
  );
}

function toText(statuses: Statuses): string {
  const entries = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
  return entries.join(', ') || 'none';
}
