import { Stack, type StackProps } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { allow } from '../shared/allow';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from './power-automate-connector';

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

    this.connector.addOutputs();
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
}
