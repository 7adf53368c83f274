import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { DeclaredNames } from './declared-names';
import type { ISubscriptionRegistration } from './subscription-registration';

export interface ImportedRegistrationProps {
  readonly register: lambda.IFunction;
  readonly deliverRole: iam.IRole;
}

/**
 * The construct that creates the declared subscriptions, in another app. Synthesis cannot know whether the connector has
 * federation and accepts reports.
 */
export class ImportedRegistration extends Construct implements ISubscriptionRegistration {
  readonly register: lambda.IFunction;
  private readonly role: iam.IRole;
  private readonly declared = new DeclaredNames();

  constructor(scope: Construct, id: string, { register, deliverRole }: ImportedRegistrationProps) {
    super(scope, id);
    this.register = register;
    this.role = deliverRole;
  }

  readonly _acceptsReports = (): boolean => true;

  _declare(name: string, path: string): void {
    this.declared.add(name, path);
  }

  _checkFederation(): void {}

  _readingPolicy(scope: Construct): ReadingPolicy {
    const { node, role } = this;
    return readingPolicy(this, 'ReadFlowUrls', { node, role }, scope);
  }
}
