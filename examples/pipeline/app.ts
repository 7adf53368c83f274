import {
  Annotations,
  App,
  Aspects,
  CfnDeletionPolicy,
  CfnResource,
  type IAspect,
  PermissionsBoundary,
  RemovalPolicy,
  Stack,
  Stage,
  type StageProps,
  Tags,
} from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { IConstruct } from 'constructs';
import { ConnectorAlarms, Notifications, PowerAutomateConnectorStack } from '../../lib';

/**
 * A pipeline that deploys a connector to a test account, and after an approval to a production account. Each environment is a
 * stage. A permissions boundary and tags reach all of its resources, and production keeps its data. Before a deployment, the
 * pipeline runs `check-stateful-resources.ts`, which fails if a resource with data would be replaced.
 */
const app = new App();

/** Accounts that were prepared by `cdk bootstrap`; test and production trust the tools account. */
const TOOLS = { account: '111111111111', region: 'eu-west-1' };
const TEST = { account: '222222222222', region: 'eu-west-1' };
const PRODUCTION = { account: '333333333333', region: 'eu-west-1' };

interface ConnectorStageProps extends StageProps {
  readonly isProduction: boolean;
}

/** One environment of the connector. */
class ConnectorStage extends Stage {
  constructor(scope: App, id: string, props: ConnectorStageProps) {
    super(scope, id, {
      ...props,
      // The name of a managed policy in the environment's account. All roles of the stage get it.
      permissionsBoundary: PermissionsBoundary.fromName('connector-boundary'),
    });
    const { isProduction } = props;
    const stack = new PowerAutomateConnectorStack(this, 'Connector', {
      // All tables have point-in-time recovery, in each environment.
      removalPolicy: isProduction ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      deletionProtection: isProduction,
      terminationProtection: isProduction,
      logRetention: isProduction ? logs.RetentionDays.ONE_YEAR : logs.RetentionDays.ONE_WEEK,
      notifications: isProduction ? Notifications.email('data-owners@example.com') : undefined,
    });
    if (isProduction) {
      new ConnectorAlarms(stack, 'Alarms', { connector: stack.connector });
      Aspects.of(this).add(new KeepsData());
    }
    Tags.of(this).add('service', 'power-automate-connector');
    Tags.of(this).add('environment', id.toLowerCase());
  }
}

/** Reports resources with data that CloudFormation would delete or replace without a copy. */
class KeepsData implements IAspect {
  private static readonly TYPES = ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::Logs::LogGroup'];

  public visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node) || !KeepsData.TYPES.includes(node.cfnResourceType)) return;
    const { deletionPolicy, updateReplacePolicy } = node.cfnOptions;
    if ([deletionPolicy, updateReplacePolicy].every((policy) => policy === CfnDeletionPolicy.RETAIN)) return;
    Annotations.of(node).addError('production would lose its data: use RemovalPolicy.RETAIN');
  }
}

const test = new ConnectorStage(app, 'Test', { env: TEST, isProduction: false });
const production = new ConnectorStage(app, 'Production', { env: PRODUCTION, isProduction: true });

const tools = new Stack(app, 'ConnectorPipeline', { env: TOOLS });
const pipeline = new pipelines.CodePipeline(tools, 'Pipeline', {
  crossAccountKeys: true,
  synth: new pipelines.ShellStep('Synth', {
    input: pipelines.CodePipelineSource.connection('example/connector-app', 'main', {
      connectionArn: `arn:aws:codeconnections:${TOOLS.region}:${TOOLS.account}:connection/11111111-2222-3333-4444-555555555555`,
    }),
    commands: ['npm ci', 'npx cdk synth --strict', 'npx tsx check-stateful-resources.ts cdk.out'],
  }),
});
pipeline.addStage(test);
pipeline.addStage(production, { pre: [new pipelines.ManualApprovalStep('Approve')] });
app.synth();
