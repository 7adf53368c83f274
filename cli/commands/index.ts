/**
 * The commands, in the order of the help.
 *
 * To add a command, export `connectorCommand({ name, description, args, notes, examples, run })` from a module of this
 * folder, or `command` if it needs no connector (../frame/command.ts), and add it to the list below. --help and
 * docs/cli.md (`npm run docs:cli`) are generated from the definition. The arguments are citty's, plus `multiple` for
 * repeatable ones. A command in a group has the name of the group as its first words (custom-connector/custom-connector.ts).
 *
 * `run(args, context)` returns false if some of the work failed. It throws a UsageError for invalid arguments, before
 * it calls `context.connector()`, and a CommandError for other failures (../shell/exit.ts). It does not catch errors of
 * AWS.
 */
import type { CommandOrGroup } from '../frame/command';
import { backup } from './backup/backup';
import { restore } from './backup/restore';
import { customConnector } from './custom-connector/custom-connector';
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

export const COMMANDS: readonly CommandOrGroup[] = [
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
  backup,
  restore,
  customConnector,
  schema,
  sample,
  flow,
];
