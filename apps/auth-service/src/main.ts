import { listen, runProcess } from '@poc-tracker/http-service';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/app-config.js';
import { toApiError } from './constraint-codes.js';

runProcess({
  start: async (stopWith) => {
    const config = loadConfig(process.env);
    const app = await createApp(config);
    stopWith(() => app.close());
    await listen(app, config.http);
  },
  translateError: toApiError,
});
