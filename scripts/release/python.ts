/**
 * Tests the package from Python: builds the Python package with jsii-pacmak, installs it in an empty virtual environment,
 * and synthesizes an app. Needs Python 3 with venv and pip, and the network. Takes one or two minutes.
 *
 *   npm run test:python
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inTemporaryFolder, run } from '../run';
import { hasPython, makeWheel } from './wheel';

const ROOT = dirname(dirname(__dirname));

const APP = `
import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_scheduler as scheduler
from cdk_power_automate_connector import (
    ConnectorSignIn, PowerAutomateConnector, PowerAutomateConnectorStack, Segment, Source, Threshold, Trigger, Unification,
)

app = cdk.App(outdir="cdk.out")
PowerAutomateConnectorStack(app, "Whole")
own = cdk.Stack(app, "Own")
connector = PowerAutomateConnector(own, "PowerAutomate", delivery_retention=cdk.Duration.days(30))
connector.on_threshold_crossed("Crossed", target=targets.SqsQueue(sqs.Queue(own, "Crossings")))
connector.add_subscription(
    "vip", trigger=Trigger.segment_threshold_crossed(segment="VIP customers", threshold=Threshold.above(10000))
)
size = Segment.from_customer_profiles(domain_name="shop", segment_definition_name="vip")
hourly = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))
connector.add_segment("VipSize", segment="VIP customers", size=size, schedule=hourly)
orders = Source.glue_job(job_name="load-orders", data_source="Orders")
connector.add_source("Orders", orders, reconciliation={})
connector.add_unification("Match", jobs=Unification.from_entity_resolution("customers"))
connector.add_connector_api("Api", sign_in=[ConnectorSignIn.keys()])
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
  return `${basename(wheel)}: an app with two connectors synthesizes; the second has ${Object.keys(Resources).length} resources`;
}

function main(): boolean {
  if (!hasPython()) {
    console.log('skipped: python3 with venv is not installed');
    return true;
  }
  return inTemporaryFolder('python', (folder) => console.log(tryPython(folder)));
}

process.exitCode = main() ? 0 : 1;
