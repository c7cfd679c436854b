// `npm test`: installs missing packages, runs the tests and ends with the line "N passed, N failed, N skipped".
// The arguments are those of `vitest run`: `npm run test:unit` adds `--project unit`.
import {
  endWithNpm,
  ensurePackages,
  requireNodeVersion,
  root,
  warnOfOldNode,
} from './workspace.mjs';

requireNodeVersion();
warnOfOldNode();
ensurePackages({ development: true });
endWithNpm();

const TIERS = ['unit', 'database', 'system', 'faults'];

// In this process, so that killing it leaves no other process behind that goes on testing. One tier after the other: Vitest
// reports only the last of several groups of projects.
const { parseCLI, startVitest } = await import('vitest/node');
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const tiers = options.project === undefined ? TIERS : [options.project].flat();
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const project of tiers) {
  const run = { ...options, project, root, run: true, passWithNoTests: true };
  const vitest = await startVitest('test', filter, run);
  add(vitest.state);
  await vitest.close();
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(process.exitCode || (counts.failed === 0 && counts.passed > 0 ? 0 : 1));

function add(state) {
  const files = state.getTestModules();
  const tests = files.flatMap((file) => [...file.children.allTests()]);
  for (const test of tests) {
    const result = test.result().state;
    if (result in counts) counts[result] += 1;
  }
  // A file that could not be loaded or set up, and an error outside any test, count as a failed test.
  counts.failed +=
    files.filter((file) => !file.ok() && ![...file.children.allTests()].some(hasFailed)).length +
    state.getUnhandledErrors().length;
}

function hasFailed(test) {
  return test.result().state === 'failed';
}
