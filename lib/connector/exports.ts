import { CfnOutput, Fn } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FlowDelivery } from '../delivery/flow-delivery';
import type { IFlowConnector } from '../subscriptions/flow-subscription';
import { ImportedRegistration } from '../subscriptions/imported-registration';
import type { ISubscriptionRegistration } from '../subscriptions/subscription-registration';

/** A connector of this app, or of another app in the same account and Region (`PowerAutomateConnector.fromExports`). */
export interface IPowerAutomateConnector extends IFlowConnector {
  /** Event bus that producers put their events on. */
  readonly eventBus: events.IEventBus;

  /**
   * Grants a producer permission to put events on the bus.
   *
   * @param grantee principal that gets the permissions
   */
  grantPutEvents(grantee: iam.IGrantable): iam.Grant;
}

interface ExportedConnector extends IPowerAutomateConnector {
  readonly delivery: FlowDelivery;
}

/** The values that another app needs. In the names of exports, they follow the name of the connector. */
const VALUES = {
  EventBusArn: ({ eventBus }: ExportedConnector) => eventBus.eventBusArn,
  RegisterFunctionArn: ({ registration }: ExportedConnector) => registration.register.functionArn,
  DeliverRoleName: ({ delivery }: ExportedConnector) => delivery.deliverRole.roleName,
};

const exportNameOf = (name: string, value: keyof typeof VALUES): string => `${name}:${value}`;

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
export function exportConnector(connector: ExportedConnector, name: string): void {
  validateName(connector, name);
  if (connector.node.tryFindChild('Exports')) {
    throw new Error(`${connector.node.path} is exported already: call exportAs once`);
  }
  const scope = new Construct(connector, 'Exports');
  for (const [id, read] of Object.entries(VALUES)) {
    const exportName = exportNameOf(name, id as keyof typeof VALUES);
    new CfnOutput(scope, id, { value: read(connector), exportName });
  }
}

/** A connector of another app. */
export class ImportedConnector extends Construct implements IPowerAutomateConnector {
  readonly eventBus: events.IEventBus;
  readonly registration: ISubscriptionRegistration;

  /** @throws Error for an invalid name. */
  constructor(scope: Construct, id: string, name: string) {
    super(scope, id);
    validateName(this, name);
    const imported = (value: keyof typeof VALUES) => Fn.importValue(exportNameOf(name, value));
    this.eventBus = events.EventBus.fromEventBusArn(this, 'Bus', imported('EventBusArn'));
    this.registration = new ImportedRegistration(this, 'Registration', {
      register: lambda.Function.fromFunctionArn(this, 'Register', imported('RegisterFunctionArn')),
      deliverRole: iam.Role.fromRoleName(this, 'DeliverRole', imported('DeliverRoleName')),
    });
  }

  grantPutEvents(grantee: iam.IGrantable): iam.Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }
}
