import { explore } from './exhaustive';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';

/** Explores every schedule of each story. Arguments choose stories by a part of their protocol and name. */
async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const plan = simulatedPlan();
  for (const story of STORIES) {
    const title = `${story.protocol}: ${story.name}`;
    if (wanted.length > 0 && !wanted.some((part) => title.includes(part))) continue;
    const began = process.cpuUsage();
    const { schedules, states, pruned, complete, wrong } = await explore(plan, story, {
      onProgress: (a, b) => process.stderr.isTTY && process.stderr.write(`\r${title}: ${a} states, ${b} pruned`),
    });
    const { user, system } = process.cpuUsage(began);
    const seconds = ((user + system) / 1e6).toFixed(1);
    console.log(`${title}: ${schedules} schedules, ${states} states, ${pruned} pruned${complete ? '' : ', NOT ALL'}, ${seconds} s`);
    if (!wrong) continue;
    console.log([...wrong.mistakes, 'after:', ...wrong.steps].join('\n'));
    process.exitCode = 1;
  }
}

void main();
