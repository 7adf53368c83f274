/**
 * Compares the logical ids of resources with data in a cloud assembly with those in `stateful-resources.json`. CloudFormation
 * identifies a resource by its logical id: if the id of a table changes, for example because a construct has another id, a
 * deployment creates an empty table and detaches or deletes the old one. `cdk diff` shows that, but does not fail.
 *
 *   npx tsx check-stateful-resources.ts cdk.out            exits with 1 if a resource is missing or new
 *   npx tsx check-stateful-resources.ts cdk.out --write    writes the file, after a review of `cdk diff`
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FILE = join(__dirname, 'stateful-resources.json');
const TYPES = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::Events::EventBus',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::SQS::Queue',
];

/** Resource types by logical id, by stack. */
type Resources = Record<string, Record<string, string>>;

function resourcesIn(assembly: string): Resources {
  const found: Resources = {};
  for (const file of globSync('**/*.template.json', { cwd: assembly }).sort()) {
    const { Resources = {} } = JSON.parse(readFileSync(join(assembly, file), 'utf8')) as {
      Resources?: Record<string, { Type: string }>;
    };
    const stateful = Object.entries(Resources).flatMap(([id, { Type }]) => (TYPES.includes(Type) ? [[id, Type]] : []));
    if (stateful.length > 0) found[basename(file, '.template.json')] = Object.fromEntries(stateful.sort());
  }
  return found;
}

/** Resources of `all` that `others` lacks, one line for each. */
const missingIn = (others: Resources, all: Resources): string[] =>
  Object.entries(all).flatMap(([stack, resources]) =>
    Object.entries(resources).flatMap(([id, type]) =>
      others[stack]?.[id] === type ? [] : [`${stack}: ${id} (${type})`],
    ),
  );

const [assembly = 'cdk.out', option] = process.argv.slice(2);
const current = resourcesIn(assembly);
if (option === '--write') {
  writeFileSync(FILE, `${JSON.stringify(current, null, 2)}\n`);
} else {
  const listed: Resources = JSON.parse(readFileSync(FILE, 'utf8'));
  const removed = missingIn(current, listed);
  for (const one of removed) console.error(`${one} is missing: a deployment would remove or replace it, with its data`);
  const added = missingIn(listed, current);
  for (const one of added) console.error(`${one} is new: review cdk diff, then run this script with --write`);
  process.exitCode = removed.length + added.length > 0 ? 1 : 0;
}
