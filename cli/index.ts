#!/usr/bin/env node
import { setTimeout as wait } from 'node:timers/promises';
import { COMMANDS } from './commands';
import { main } from './main';
import { processTerminal } from './terminal';
import { readTextStream } from './text-file';

// Whoever reads the output may stop reading (`| head`); what was begun is done all the same.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const interruption = new AbortController();

void main(process.argv.slice(2), COMMANDS, {
  terminal: processTerminal(),
  clock: Date.now,
  wait: (ms) => wait(ms),
  environment: process.env,
  readInput: () => readTextStream(process.stdin, 'standard input'),
  untilInterrupted() {
    process.once('SIGINT', () => interruption.abort());
    return interruption.signal;
  },
  print: (help) => process.stdout.write(help),
}).then((status) => {
  process.exitCode = status;
});
