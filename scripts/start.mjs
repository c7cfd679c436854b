// `npm start`: installs and builds if necessary, then runs tools/standalone in this process.
import { pathToFileURL } from 'node:url';
import { endWithNpm, ensureBuild, ensurePackages, requireNodeVersion } from './workspace.mjs';

requireNodeVersion();
ensurePackages({ development: false });
const bundle = ensureBuild();
endWithNpm();
await import(pathToFileURL(bundle).href);
