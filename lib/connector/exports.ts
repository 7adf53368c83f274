import { CfnOutput, Fn } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FlowDelivery } from '../delivery/flow-delivery';
import type { TriggerRules } from '../events/trigger-rules';
import { letAllRulesSend, openQueue } from '../shared/queue-target';
import type { ISourceConnector } from '../sources/connector-source';
import { ImportedNormalization } from '../sources/imported-normalization';
import type { Source } from '../sources/source';
import type { SourceNormalization } from '../sources/source-normalization';
import type { ReconciliationOptions } from '../sources/source-reconciliation';
import type { IFlowConnector } from '../subscriptions/flow-subscription';
import { ImportedRegistration } from '../subscriptions/imported-registration';
import type { ISubscriptionRegistration } from '../subscriptions/subscription-registration';

/** A connector of this app, or of another app in the same account and Region (`PowerAutomateConnector.fromExports`). */
export interface IPowerAutomateConnector extends IFlowConnector, ISourceConnector {
  /**
   * Grants a producer permission to put events on the bus.
   *
   * @param grantee principal that gets the permissions
   */
  grantPutEvents(grantee: iam.IGrantable): iam.Grant;
}

/** Options of an export. */
export interface ConnectorExportOptions {
  /**
   * Whether other apps can add sources. All rules of the account and Region can then send to the queue of sources.
   *
   * @default false
   */
  readonly sources?: boolean;
}

interface ExportedConnector extends IPowerAutomateConnector {
  readonly rules: TriggerRules;
  readonly normalization: SourceNormalization;
  readonly delivery: FlowDelivery;
}

/** The values that another app needs. In the names of exports, they follow the name of the connector. */
type Value = 'EventBusArn' | 'RegisterFunctionArn' | 'DeliverRoleName' | 'SourcesQueueArn' | 'RulesDeadLetterQueueArn';

const exportNameOf = (name: string, value: Value): string => `${name}:${value}`;

/** Names of exports have letters, digits, colons and hyphens (AWS CloudFormation, "Outputs"). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

/** @throws Error if the text cannot be the start of an export's name. */
function validateName(scope: Construct, name: string): void {
  if (NAME.test(name)) return;
  throw new Error(
    `${scope.node.path}: the name of the export is '${name}': write 1 to 64 letters, digits and hyphens, and start with a letter or digit`,
  );
}

/**
 * Exports the values of a connector from its stack.
 * @throws Error for an invalid name, and if the connector is exported already.
 */
export function exportConnector(connector: ExportedConnector, name: string, { sources }: ConnectorExportOptions): void {
  validateName(connector, name);
  if (connector.node.tryFindChild('Exports')) {
    throw new Error(`${connector.node.path} is exported already: call exportAs once`);
  }
  const scope = new Construct(connector, 'Exports');
  const add = (id: Value, value: string) => new CfnOutput(scope, id, { value, exportName: exportNameOf(name, id) });
  add('EventBusArn', connector.eventBus.eventBusArn);
  add('RegisterFunctionArn', connector.registration.register.functionArn);
  add('DeliverRoleName', connector.delivery.deliverRole.roleName);
  if (!sources) return;
  const { sourcesQueue } = connector.normalization;
  const { deadLetterQueue } = connector.rules;
  for (const queue of [sourcesQueue, deadLetterQueue]) letAllRulesSend(scope, queue);
  add('SourcesQueueArn', sourcesQueue.queueArn);
  add('RulesDeadLetterQueueArn', deadLetterQueue.queueArn);
}

/** A connector of another app. */
export class ImportedConnector extends Construct implements IPowerAutomateConnector {
  readonly eventBus: events.IEventBus;
  readonly registration: ISubscriptionRegistration;
  private normalization?: ImportedNormalization;

  /** @throws Error for an invalid name. */
  constructor(
    scope: Construct,
    id: string,
    private readonly name: string,
  ) {
    super(scope, id);
    validateName(this, name);
    this.eventBus = events.EventBus.fromEventBusArn(this, 'Bus', this.imported('EventBusArn'));
    this.registration = new ImportedRegistration(this, 'Registration', {
      register: lambda.Function.fromFunctionArn(this, 'Register', this.imported('RegisterFunctionArn')),
      deliverRole: iam.Role.fromRoleName(this, 'DeliverRole', this.imported('DeliverRoleName')),
    });
  }

  _watch(scope: Construct, source: Source, reconciliation?: ReconciliationOptions): void {
    if (reconciliation) {
      throw new Error(
        `${scope.node.path}: a source of another app cannot be reconciled; remove reconciliation, or add the source in the app of the connector`,
      );
    }
    // Not every connector exports the queues, so they are imported with the first source.
    this.normalization ??= new ImportedNormalization(this, 'Normalization', {
      sourcesQueue: openQueue(this, 'SourcesQueue', this.imported('SourcesQueueArn')),
      deadLetterQueue: openQueue(this, 'RulesDeadLetterQueue', this.imported('RulesDeadLetterQueueArn')),
    });
    this.normalization.watch(scope, source);
  }

  grantPutEvents(grantee: iam.IGrantable): iam.Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }

  private imported(value: Value): string {
    return Fn.importValue(exportNameOf(this.name, value));
  }
}
