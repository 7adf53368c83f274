import * as iam from 'aws-cdk-lib/aws-iam';

/**
 * Allows exactly these actions on exactly these resources. CDK's own grants add actions that no handler calls
 * (a queue's attributes) and a table's every index.
 */
export function allow(grantee: iam.IGrantable, actions: string[], ...resourceArns: string[]): void {
  iam.Grant.addToPrincipal({ grantee, actions, resourceArns }).assertSuccess();
}
