import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from './power-automate-connector';
import { allow } from './private/allow';
import { Output } from './private/contract';
import { deadLetterQueuesOf } from './private/dead-letter-queues';

/** Properties of PowerAutomateConnectorStack. */
export interface PowerAutomateConnectorStackProps extends StackProps, PowerAutomateConnectorProps {}

/**
 * A stack that is one connector, with outputs by which tools find its parts.
 *
 * @example
 * new PowerAutomateConnectorStack(app, 'PowerAutomate', { logRetention: logs.RetentionDays.ONE_YEAR });
 */
export class PowerAutomateConnectorStack extends Stack {
  /** The connector. */
  public readonly connector: PowerAutomateConnector;

  constructor(scope: Construct, id: string, props: PowerAutomateConnectorStackProps = {}) {
    super(scope, id, props);

    this.connector = new PowerAutomateConnector(this, 'Connector', props);

    this.output(Output.EVENT_BUS_NAME, this.connector.eventBus.eventBusName);
    this.output(Output.EVENT_SOURCE, this.connector.eventSource);
    this.output(Output.SUBSCRIPTIONS_TABLE_NAME, this.connector.subscriptions.table.tableName);
    this.output(Output.THRESHOLDS_TABLE_NAME, this.connector.thresholds.table.tableName);
    this.output(Output.DELIVERIES_TABLE_NAME, this.connector.delivery.table.tableName);
    this.output(Output.OBSERVATIONS_QUEUE_URL, this.connector.thresholds.observationsQueue.queueUrl);
    this.output(Output.DELIVERIES_QUEUE_URL, this.connector.delivery.deliveriesQueue.queueUrl);
    this.output(
      Output.DEAD_LETTER_QUEUE_URLS,
      Fn.join(
        ',',
        deadLetterQueuesOf(this.connector).map(({ queueUrl }) => queueUrl),
      ),
    );
    this.output(Output.FLOW_URL_KEY_ARN, this.connector.subscriptions.flowUrlKey.keyArn);
    if (props.entraFederation) this.output(Output.DELIVER_ROLE_ARN, this.connector.delivery.deliverRole.roleArn);
  }

  /**
   * Lets somebody look after subscriptions and their deliveries by the CLI, which looks up the stack's outputs. It finds the
   * stack by its name: to find the only one by itself, it would have to look at all stacks.
   *
   * @param grantee whoever manages subscriptions
   */
  public grantManageSubscriptions(grantee: iam.IGrantable): iam.Grant {
    return this.connector
      .grantManageSubscriptions(grantee)
      .combine(allow(grantee, ['cloudformation:DescribeStacks'], this.stackId));
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { value }).overrideLogicalId(name);
  }
}
