// `npm run build`: what production runs, into dist/.
import { ensureBuild } from './workspace.mjs';

ensureBuild(['auth-service', 'poc-tracker', 'cli', 'migrate']);
