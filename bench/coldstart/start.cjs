/**
 * Starts a bundle as Lambda does: loads it and invokes its handler once. Writes the process's CPU time and age, both in
 * milliseconds, to file descriptor 3. Plain JavaScript, because a compiler would count.
 *
 *   node start.cjs BUNDLE EVENT_FILE
 */
const { readFileSync, writeSync } = require('node:fs');

const [bundle, eventFile] = process.argv.slice(2);
const event = JSON.parse(readFileSync(eventFile, 'utf8'));
const { handler } = require(bundle);
const end = Date.now() + 60_000;

Promise.resolve(handler?.(event, { getRemainingTimeInMillis: () => end - Date.now() })).then((result) => {
  const { user, system } = process.cpuUsage();
  writeSync(3, JSON.stringify({ cpuMs: (user + system) / 1000, ms: performance.now(), result }));
  process.exit();
});
