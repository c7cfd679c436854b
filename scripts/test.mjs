// `npm test`: installs what is missing, runs every test and ends with the line "N passed, N failed".
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithNpm, ensurePackages, requireNodeVersion, root } from './workspace.mjs';

requireNodeVersion();
ensurePackages({ development: true });

const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-results-'));
const resultFile = join(folder, 'results.json');
const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultFile}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal));
endWithNpm();
const [status] = await once(vitest, 'exit');
const results = readResults();
rmSync(folder, { recursive: true });
console.log(`${results.passed} passed, ${results.failed} failed`);
// A test that could not even be loaded counts as failed; so does a run that was ended from outside.
process.exitCode = status === 0 && results.failed === 0 && results.passed > 0 ? 0 : 1;

function readResults() {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(resultFile, 'utf8'),
    );
    const unloaded = testResults.filter(
      (file) =>
        file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    );
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
