// `npm run verify`: everything that is checked without running tests, two checks at a time. Prints the output of a check when it
// has ended. Ends with 1 if one of them failed.
import { spawn } from 'node:child_process';
import { npmCommand, root } from '../workspace.mjs';

/** The longest first, so that the others fill the time beside them. */
const CHECKS = [
  'lint',
  'typecheck',
  'check:format',
  'check:generated',
  'check:project',
  'boundaries',
  'dead-code',
];

const AT_ONCE = 2;

const failed = [];
const waiting = [...CHECKS];
await Promise.all(Array.from({ length: AT_ONCE }, work));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

async function work() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const started = Date.now();
    const { status, output } = await run(check);
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    console.log(`${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s: npm run ${check}`);
    if (output !== '') process.stdout.write(output);
    if (status !== 0) failed.push(check);
  }
}

function run(check) {
  const [command, ...args] = npmCommand(['run', '--silent', check]);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, output }));
  });
}
