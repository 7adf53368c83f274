import { Stack, type StackProps } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { allow } from '../shared/allow';
import type { ManageSubscriptionsOptions } from './managed-prefixes';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from './power-automate-connector';

/** Properties of PowerAutomateConnectorStack. */
export interface PowerAutomateConnectorStackProps extends StackProps, PowerAutomateConnectorProps {}

/**
 * A stack with one connector, and with the outputs that the CLI uses to find its resources.
 *
 * @example
 * new PowerAutomateConnectorStack(app, 'PowerAutomate', { logRetention: logs.RetentionDays.ONE_YEAR });
 */
export class PowerAutomateConnectorStack extends Stack {
  /** Connector of this stack. */
  public readonly connector: PowerAutomateConnector;

  constructor(scope: Construct, id: string, props: PowerAutomateConnectorStackProps = {}) {
    super(scope, id, props);

    this.connector = new PowerAutomateConnector(this, 'Connector', props);

    this.connector.addOutputs();
  }

  /**
   * Grants the permissions to manage subscriptions and deliveries with the CLI, including access to the stack's outputs.
   * Pass the stack's name to the CLI: finding the stack without its name would require access to all stacks.
   *
   * @param grantee principal that gets the permissions
   * @param options which subscriptions
   */
  public grantManageSubscriptions(grantee: iam.IGrantable, options?: ManageSubscriptionsOptions): iam.Grant {
    return this.connector
      .grantManageSubscriptions(grantee, options)
      .combine(allow(grantee, ['cloudformation:DescribeStacks'], this.stackId));
  }
}
