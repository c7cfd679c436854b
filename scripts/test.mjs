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

// In this process, so that killing it leaves no other process behind that goes on testing.
const { parseCLI, startVitest } = await import('vitest/node');
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const { state } = await startVitest('test', filter, { ...options, root, run: true });

const files = state.getTestModules();
const tests = files.flatMap((file) => [...file.children.allTests()]);
const passed = count('passed');
const failed =
  count('failed') +
  // A file that could not be loaded or set up, and an error outside any test, count as a failed test.
  files.filter((file) => !file.ok() && ![...file.children.allTests()].some(hasFailed)).length +
  state.getUnhandledErrors().length;
console.log(`${passed} passed, ${failed} failed, ${count('skipped')} skipped`);
process.exit(process.exitCode || (failed === 0 && passed > 0 ? 0 : 1));

function count(state) {
  return tests.filter((test) => test.result().state === state).length;
}

function hasFailed(test) {
  return test.result().state === 'failed';
}
