import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp } from './app.setup.js';
import { SignupService } from './auth/signup/signup.service.js';
import { loadConfig } from './config/app-config.js';
import { createDemoTenants } from '../../../tools/demo/demo-tenants.js';
import { prepareStandalone } from '../../../tools/standalone/standalone.environment.js';
import { describeStartFailure } from '../../../tools/standalone/start-failure.error.js';
import { stopOnSignals } from '../../../tools/standalone/stop-on-signals.js';
import { TrackerProcess } from '../../../tools/standalone/tracker.process.js';
import { welcomeScreen } from '../../../tools/standalone/welcome.screen.js';

/** The sibling's bundle lies beside this one. */
const TRACKER = join(dirname(fileURLToPath(import.meta.url)), '../poc-tracker/main.js');

async function start(): Promise<void> {
  const standalone = await prepareStandalone(process.env);
  const config = loadConfig(standalone.env);
  const app = await createApp(config);
  let tracker: TrackerProcess | undefined;
  stopOnSignals(async () => {
    await tracker?.stop();
    await app.close();
    await standalone.stop();
  });
  await app.listen(config.http.port, config.http.host);
  if (standalone.tracker !== undefined && existsSync(TRACKER)) {
    const env = { AUTH_URL: await app.getUrl(), ...standalone.tracker };
    tracker = await TrackerProcess.start({ bundle: TRACKER, env });
  }
  if (standalone.dataDirectory === undefined) return;
  const demoAdmins = standalone.firstStart ? await createDemoTenants(app.get(SignupService)) : [];
  const { dataDirectory } = standalone;
  const trackerPort = tracker && Number(new URL(tracker.url).port);
  process.stdout.write(welcomeScreen({ ...config.http, dataDirectory, trackerPort, demoAdmins }));
}

start().catch((error: unknown) => {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
});
