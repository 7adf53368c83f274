/**
 * The commands, in the order in which help lists them.
 *
 * A command is a module of this folder: `export const name = command({ name, description, args, notes, examples, run })`
 * (../command.ts), and a line here. Its arguments are citty's, with `multiple` for those that may be repeated; one that
 * needs the connector spreads `connectorArgs`, one that prints data `jsonArg`, one about a subscription `nameArg`. Help
 * and docs/cli.md (`npm run docs:cli`) are made of what it says of itself.
 *
 * `run(args, context)` gives whether everything was done. `context` is all that it gets of the world: `terminal` (lines,
 * tables, JSON, progress, colours), `clock`, `wait`, `environment`, `readInput`, `untilInterrupted`, `all(argument)`, and
 * `connector()`, which finds the connector, deployed or local: its `clients`, its tables (`subscriptions`, `thresholds`,
 * `deliveries`), the `registry` that changes subscriptions, `send` to the deliveries queue, and `output(name)`. A wrong
 * call is thrown as a UsageError before `connector()` is asked, anything that cannot be done as a CommandError
 * (../exit.ts); errors of AWS need not be caught. `subscriptionNamed` (../names.ts) reads a subscription, or says which
 * name was meant.
 */
import type { Command } from '../frame/command';
import { deliveries } from './deliveries/deliveries';
import { rejected } from './deliveries/rejected';
import { replay } from './deliveries/replay';
import { test } from './deliveries/test';
import { watch } from './deliveries/watch';
import { doctor } from './diagnosis/doctor';
import { explain } from './diagnosis/explain';
import { thresholds } from './diagnosis/thresholds';
import { emit } from './events/emit';
import { sample } from './events/sample';
import { schema } from './events/schema';
import { flow } from './flows/flow';
import { setup } from './flows/setup';
import { apply } from './subscriptions/apply';
import { list } from './subscriptions/list';
import { pause } from './subscriptions/pause';
import { remove } from './subscriptions/remove';
import { resume } from './subscriptions/resume';
import { setUrl } from './subscriptions/set-url';
import { show } from './subscriptions/show';

export const COMMANDS: readonly Command[] = [
  setup,
  apply,
  list,
  show,
  test,
  emit,
  deliveries,
  explain,
  thresholds,
  doctor,
  watch,
  replay,
  rejected,
  setUrl,
  pause,
  resume,
  remove,
  schema,
  sample,
  flow,
];
