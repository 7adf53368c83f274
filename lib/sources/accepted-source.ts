import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { isAccount, isRegion, partitionOf } from '../shared/validate-arn';
import type { Source } from './source';

/** Options of a source in another account or Region. */
export interface AcceptedSourceOptions {
  /** Account that the source is in: 12 digits. */
  readonly account: string;

  /**
   * Region that the source is in.
   *
   * @default - the Region of the connector's stack
   */
  readonly region?: string;

  /**
   * Whether to record the source's runs, so that the account that forwards it can reconcile them: set `reconciliation` on its
   * `ForwardedSource`, too.
   *
   * @default false
   */
  readonly reconciled?: boolean;
}

/** Where the events of a source come from. */
export interface SourceOrigin {
  readonly account: string;
  readonly region: string;
}

/** @throws Error if events of this source cannot be forwarded from there to the scope's stack. Tokens are accepted. */
export function originOf(scope: Construct, source: Source, options: AcceptedSourceOptions): SourceOrigin {
  const stack = Stack.of(scope);
  const { account, region = stack.region } = options;
  const wrong = (reason: string) => new Error(`${scope.node.path}: ${reason}`);
  if (!isAccount(account)) throw wrong(`account is '${account}': write the 12 digits of an AWS account ID`);
  if (!isRegion(region)) throw wrong(`region is '${region}': write the code of a Region, such as 'eu-central-1'`);
  const [partition, own] = [partitionOf(region), partitionOf(stack.region)];
  if (partition !== own && partition !== undefined && own !== undefined) {
    throw wrong(
      `region is '${region}': EventBridge sends no events from there to ${stack.region}, in another partition`,
    );
  }
  if (account === stack.account && region === stack.region) {
    throw wrong('the source is in the account and Region of the connector: use addSource');
  }
  validateNamedOrigin(scope, source, { account, region });
  return { account, region };
}

/** @throws Error if the source's ARN names another account or Region than the one that it is in. Tokens are accepted. */
export function validateNamedOrigin(scope: Construct, source: Source, { account, region }: SourceOrigin): void {
  const { name } = source._entry;
  if (Token.isUnresolved(name) || !name.startsWith('arn:')) return;
  const named = Arn.split(name, ArnFormat.NO_RESOURCE_NAME);
  const differ = (one: string | undefined, other: string) =>
    one && !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
  if (!differ(named.account, account) && !differ(named.region, region)) return;
  throw new Error(
    `${scope.node.path}: the source ${name} is in the account ${named.account} and the Region ${named.region}, ` +
      `and not in ${account} and ${region}: write the ARN of a source there`,
  );
}
