/**
 * Tries the package from Python: has jsii-pacmak make the Python package of what was compiled, installs it in an empty virtual
 * environment, and synthesizes an app. Needs Python 3 with venv and pip, and the network; takes a minute or two.
 *
 *   npm run test:python
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run } from '../run';
import { hasPython, makeWheel } from './wheel';

const ROOT = dirname(dirname(__dirname));

const APP = `
import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from cdk_power_automate_connector import PowerAutomateConnector, PowerAutomateConnectorStack

app = cdk.App(outdir="cdk.out")
PowerAutomateConnectorStack(app, "Whole")
own = cdk.Stack(app, "Own")
connector = PowerAutomateConnector(own, "PowerAutomate", delivery_retention=cdk.Duration.days(30))
connector.on_threshold_crossed("Crossed", target=targets.SqsQueue(sqs.Queue(own, "Crossings")))
app.synth()
`;

function tryPython(folder: string): string {
  run(ROOT, process.execPath, ['scripts/build.mjs']);
  const wheel = makeWheel(folder);

  const python = join(folder, 'venv', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
  run(folder, 'python3', ['-m', 'venv', 'venv']);
  run(folder, python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', wheel]);
  writeFileSync(join(folder, 'app.py'), APP);
  run(folder, python, ['app.py']);

  const handlers = readdirSync(join(ROOT, 'dist/lambda'));
  const assembly = readdirSync(join(folder, 'cdk.out'));
  const bundles = assembly.filter((file) => existsSync(join(folder, 'cdk.out', file, 'index.js')));
  if (bundles.length !== handlers.length) {
    throw new Error(`the app has ${bundles.length} bundles of the ${handlers.length} handlers ${handlers.join(', ')}`);
  }
  const { Resources } = JSON.parse(readFileSync(join(folder, 'cdk.out/Own.template.json'), 'utf8'));
  return `${basename(wheel)}: an app of two connectors synthesizes; the second has ${Object.keys(Resources).length} resources`;
}

function main(): boolean {
  if (!hasPython()) {
    console.log('skipped: there is no python3 with venv here');
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), 'python-'));
  try {
    console.log(tryPython(folder));
    return true;
  } catch (error) {
    console.error(`python: ${(error as Error).message}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main() ? 0 : 1;
