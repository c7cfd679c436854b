import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { runCli } from './program.js';

// The services' log lines would mix with the output, which programs read.
Logger.overrideLogger(false);

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
});
