import { explore } from './exhaustive';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';

/** Explores every schedule of each story. An argument limits the schedules of a story. */
async function main(): Promise<void> {
  const limit = Number(process.argv[2] ?? Infinity);
  const plan = simulatedPlan();
  for (const story of STORIES) {
    const began = performance.now();
    const { schedules, complete, wrong } = await explore(plan, story, limit);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${story.name}: ${schedules} schedules${complete ? '' : ', not all'}, ${seconds} s`);
    if (!wrong) continue;
    console.log([...wrong.mistakes, 'after:', ...wrong.steps].join('\n'));
    process.exitCode = 1;
  }
}

void main();
