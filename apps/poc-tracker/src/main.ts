import { createApp } from './app.setup.js';
import { loadTrackerConfig } from './config/tracker-config.js';
import { describeStartFailure } from './start-failure.js';

async function start(): Promise<void> {
  const config = loadTrackerConfig(process.env);
  const app = await createApp(config);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void app.close().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Started by `npm start`: there is nothing to serve without the service beside which it was started.
  process.on('disconnect', stop);
  await app.listen(config.http.port, config.http.host);
  process.send?.({ ready: await app.getUrl() });
}

function fail(error: unknown): never {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
}

start().catch(fail);
