/** What a script loads as one bundle. */
export { runEpisode } from './episode';
export { explore } from './exhaustive';
export { scenarioOf } from './scenario';
export { STORIES } from './stories';
