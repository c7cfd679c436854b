// `npm start`: installs and builds what is missing, then runs the service in this very process; the tracker is started
// beside it by the service.
import { pathToFileURL } from 'node:url';
import { endWithNpm, ensureBuild, ensurePackages, requireNodeVersion } from './workspace.mjs';

requireNodeVersion();
ensurePackages({ development: false });
const bundle = ensureBuild();
endWithNpm();
await import(pathToFileURL(bundle).href);
