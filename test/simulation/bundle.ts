/** What a script loads as one bundle. */
export { runEpisode } from './episode';
export { scenarioOf } from './scenario';
