// `npm test`: installs what is missing, runs every test and ends with the line "N passed, N failed".
import { endWithNpm, ensurePackages, requireNodeVersion, root } from './workspace.mjs';

requireNodeVersion();
ensurePackages({ development: true });
endWithNpm();

// In this process: one that is killed must not leave another behind that goes on testing.
const { parseCLI, startVitest } = await import('vitest/node');
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const { state } = await startVitest('test', filter, { ...options, root, run: true });

const files = state.getTestModules();
const tests = files.flatMap((file) => [...file.children.allTests()]);
const passed = tests.filter(hasPassed).length;
const failed =
  tests.filter(hasFailed).length +
  // A file that could not be loaded or prepared, and an error outside of any test, fail the run as a test does.
  files.filter((file) => !file.ok() && ![...file.children.allTests()].some(hasFailed)).length +
  state.getUnhandledErrors().length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(process.exitCode || (failed === 0 && passed > 0 ? 0 : 1));

function hasPassed(test) {
  return test.result().state === 'passed';
}

function hasFailed(test) {
  return test.result().state === 'failed';
}
