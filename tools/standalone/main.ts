import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listen, runProcess } from '@poc-tracker/http-service';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { createApp } from '../../apps/auth-service/src/app.setup.js';
import { SignupService } from '../../apps/auth-service/src/auth/signup/signup.service.js';
import { loadConfig } from '../../apps/auth-service/src/config/app-config.js';
import { PublicAddress } from '../../apps/auth-service/src/config/public-address.js';
import { toApiError } from '../../apps/auth-service/src/constraint-codes.js';
import { createDemoTenants } from '../demo/demo-tenants.js';
import { writePublicUrl } from './running-standalone.js';
import { prepareStandalone } from './standalone.environment.js';
import { TrackerProcess } from './tracker.process.js';
import { welcomeScreen } from './welcome.screen.js';

/** The built tracker, relative to this file's bundle. */
const TRACKER = join(dirname(fileURLToPath(import.meta.url)), '../../apps/poc-tracker/main.js');

/* `npm start`: the service, the tracker as a second process and, without DATABASE_URL, an embedded PostgreSQL with demo tenants. */
runProcess({
  start: async (stopWith) => {
    const standalone = await prepareStandalone(process.env);
    const config = loadConfig(standalone.env);
    const app = await createApp(config);
    let tracker: TrackerProcess | undefined;
    stopWith(async () => {
      await tracker?.stop();
      await app.close();
      await standalone.stop();
    });
    await listen(app, config.http);
    const url = await app.getUrl();
    if (standalone.tracker !== undefined && existsSync(TRACKER)) {
      const env = { AUTH_URL: url, ...standalone.tracker };
      tracker = await TrackerProcess.start({ bundle: TRACKER, env });
    }
    const { dataDirectory } = standalone;
    if (dataDirectory === undefined) return;
    writePublicUrl(dataDirectory, app.get(PublicAddress, { strict: false }).pattern());
    const demoAdmins = standalone.firstStart ? await createDemoTenants(app.get(SignupService)) : [];
    process.stdout.write(
      welcomeScreen({
        host: config.http.host,
        port: portOf(url),
        docs: config.exposure.docs,
        mails: config.mail.directory !== undefined,
        trackerPort: tracker && portOf(tracker.url),
        dataDirectory,
        demoAdmins,
        demoTenantId: await findDemoTenant(app.get(PlatformDatabase, { strict: false })),
      }),
    );
  },
  translateError: toApiError,
});

async function findDemoTenant(database: PlatformDatabase): Promise<string | undefined> {
  const sql = "SELECT id FROM tenants WHERE subdomain = 'acme'";
  const [tenant] = await database.query<{ id: string }>(sql);
  return tenant?.id;
}

/** The configured port may be 0, which takes a free one. */
function portOf(url: string): number {
  return Number(new URL(url).port);
}
