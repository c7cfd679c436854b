// `npm run cli` and `npm run migrate`: builds the program of the first argument if necessary, then runs it in this process.
import { pathToFileURL } from 'node:url';
import { ensureCommand, requireNodeVersion } from './workspace.mjs';

requireNodeVersion();
const [node, , name, ...args] = process.argv;
const bundle = ensureCommand(name);
process.argv = [node, bundle, ...args];
await import(pathToFileURL(bundle).href);
