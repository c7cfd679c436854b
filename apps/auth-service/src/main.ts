import { createApp } from './app.setup.js';
import { SignupService } from './auth/signup.service.js';
import { loadConfig } from './config/app-config.js';
import { createDemoTenants } from './standalone/demo-tenants.js';
import { prepareStandalone } from './standalone/standalone.environment.js';
import { describeStartFailure } from './standalone/start-failure.error.js';
import { stopOnSignals } from './standalone/stop-on-signals.js';
import { welcomeScreen } from './standalone/welcome.screen.js';

async function start(): Promise<void> {
  const standalone = await prepareStandalone(process.env);
  const config = loadConfig(standalone.env);
  const app = await createApp(config);
  stopOnSignals(async () => {
    await app.close();
    await standalone.stop();
  });
  await app.listen(config.http.port, config.http.host);
  if (standalone.dataDirectory === undefined) return;
  const demoAdmins = standalone.firstStart ? await createDemoTenants(app.get(SignupService)) : [];
  const { dataDirectory } = standalone;
  process.stdout.write(welcomeScreen({ ...config.http, dataDirectory, demoAdmins }));
}

start().catch((error: unknown) => {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
});
