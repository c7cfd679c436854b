import { listen, runProcess } from '@poc-tracker/http-service';
import { createApp } from './app.setup.js';
import { loadTrackerConfig } from './config/tracker-config.js';
import { toApiError } from './constraint-codes.js';

runProcess({
  start: async (stopWith) => {
    const config = loadTrackerConfig(process.env);
    const app = await createApp(config);
    stopWith(() => app.close());
    await listen(app, config.http);
    // For the process that forked this one, if there is one.
    process.send?.({ ready: await app.getUrl() });
  },
  translateError: toApiError,
});
