// Preloaded into the measured process. Plain JavaScript, because a TypeScript loader would be measured, too.
const { writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.BENCH_USAGE_FILE, JSON.stringify(process.resourceUsage())));
