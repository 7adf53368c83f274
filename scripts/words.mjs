/**
 * Finds words and phrases that this project writes in another way: `npm run lint:words`. The standard is plain technical
 * English, as in AWS's developer guides. Each entry has a pattern and what to write instead.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const WORDS = [
  [/\banew\b/i, 'again'],
  [/\bwhoever\b/i, 'the operator, the flow author, the producer, or the function that acts'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bat (the )?most\b/i, 'up to'],
  [/\bside by side\b/i, 'concurrently'],
  [/\b(looks?|looking|looked) after\b/i, 'operate'],
  [/\b(is|are|was|were|be|been) (told|heard) of\b/i, 'is notified of, is received'],
  [/\btells? of\b/i, 'reports'],
  [/\bcomes? to (an|its) end\b/i, 'completes'],
  [/\bworks? (it|them|the queue) off\b/i, 'process'],
  [/\bhas hung up\b/i, 'disconnected'],
  [/\bdearer\b/i, 'more expensive'],
  [/\bgoes on\b/i, 'continues'],
  [/\b(known|found|kept|counted) by them\b/i, 'they are used to …'],
  [/\b(there|it) is none\b/i, 'name what does not exist'],
  [/\bthat which\b/i, 'the noun'],
  [/\bof its own accord\b/i, 'automatically'],
  [/\bleft behind by\b/i, 'that … left unfinished'],
  [/\bnobody\b/i, 'no one, or the subject in the active voice'],
];

/** Generated, or not prose of this project. */
const SKIPPED = /^(package-lock\.json|LICENSE|scripts\/words\.mjs|test\/fixtures\/|docs\/schemas\/|.*\.(png|svg|pem)$)/;

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !SKIPPED.test(file));

let found = 0;
for (const file of files) {
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    for (const [pattern, instead] of WORDS) {
      const [word] = pattern.exec(line) ?? [];
      if (word === undefined) continue;
      found++;
      console.error(`${file}:${index + 1}: "${word}": write ${instead}`);
    }
  }
}
if (found > 0) {
  console.error(`${found} phrases to rewrite. The list is in scripts/words.mjs.`);
  process.exitCode = 1;
}
