#!/usr/bin/env node
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { COMMANDS } from './commands';
import { findConnector } from './connector/find-connector';
import { main } from './main';
import { processTerminal } from './shell/terminal';
import { readTextStream } from './shell/text-file';

// By default V8 trades memory for speed: `apply` of a long file grew to 320 MB, nearly all of it garbage.
setFlagsFromString('--optimize-for-size');

// The reader of a pipe can close it early (`| head`). The command still finishes.
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
  findConnector,
}).then((status) => {
  process.exitCode = status;
});
