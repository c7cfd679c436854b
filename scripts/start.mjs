// `npm start`: installs and builds if necessary, then runs tools/standalone in this process.
import { pathToFileURL } from 'node:url';
import {
  bundleOf,
  endWithNpm,
  ensureBuild,
  ensurePackages,
  requireNodeVersion,
} from './workspace.mjs';

requireNodeVersion();
ensurePackages({ development: false });
ensureBuild(['auth-service', 'poc-tracker', 'standalone']);
endWithNpm();
await import(pathToFileURL(bundleOf('standalone')).href);
