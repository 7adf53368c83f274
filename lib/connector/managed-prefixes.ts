import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import {
  allowExpectedSubjects,
  allowListingKeys,
  allowOnKeys,
  allowOnTable,
  allowSealing,
  allowSend,
} from '../shared/allow';
import type { WholeConnector } from './parts';

/** Which subscriptions a principal can manage. */
export interface ManageSubscriptionsOptions {
  /**
   * Start of the names of the subscriptions, such as `marketing-`: 2 to 32 letters, digits, hyphens and underscores, with a
   * hyphen or an underscore at the end. Several principals can have the same prefix. The CLI needs `--prefix`.
   *
   * @default - all subscriptions
   */
  readonly prefix?: string;

  /**
   * Whether the principal can also manage thresholds and overdue refreshes under the prefix. The items of a metric's thresholds
   * and of a subject's expectations are shared, and IAM cannot limit them to a prefix: the principal could then change
   * those of other subscriptions. Set it only for principals that you trust with that.
   *
   * @default false
   */
  readonly allTriggers?: boolean;
}

const PREFIX = /^[A-Za-z0-9_-]{1,31}[-_]$/;

/** The prefixes of the principals that manage some of a connector's subscriptions. */
export class ManagedPrefixes {
  private readonly known = new Set<string>();

  /** @throws Error for an invalid prefix, and for one that covers another, because each principal manages its own. */
  add({ node: { path } }: IConstruct, prefix: string): void {
    const wrong = (reason: string) => new Error(`${path}: the prefix '${prefix}' ${reason}`);
    if (!PREFIX.test(prefix)) {
      throw wrong("is no start of names: write 2 to 32 letters, digits, '-' and '_', with '-' or '_' at the end");
    }
    const other = [...this.known].find((one) => one !== prefix && (one.startsWith(prefix) || prefix.startsWith(one)));
    if (other !== undefined) {
      const [outer, inner] = other.length < prefix.length ? [other, prefix] : [prefix, other];
      throw wrong(
        `and '${other}' overlap: '${outer}' covers '${inner}'; write prefixes of which none starts with another`,
      );
    }
    this.known.add(prefix);
  }
}

/**
 * Allows the API calls of the CLI's commands `apply`, `list`, `show`, `remove`, `pause` and `resume` with `--prefix`. The
 * partition keys of the Subscriptions and Deliveries tables are the names of subscriptions. Indexes have other keys, so
 * these commands do not read them.
 */
export function allowManagementUnder(
  prefix: string,
  allTriggers: boolean,
  { subscriptions, thresholds, delivery }: WholeConnector,
  grantee: iam.IGrantable,
): iam.Grant {
  const { table, flowUrlKey } = subscriptions;
  const limited = allowOnKeys(grantee, table, ['BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'], prefix)
    .combine(allowListingKeys(grantee, table))
    .combine(allowOnKeys(grantee, delivery.table, ['Query'], prefix))
    .combine(allowSealing(grantee, flowUrlKey, prefix));
  if (!allTriggers) return limited;
  return limited
    .combine(allowExpectedSubjects(grantee, table, ['BatchGetItem', 'PutItem', 'DeleteItem']))
    .combine(allowOnTable(grantee, thresholds.table, ['Query', 'PutItem', 'UpdateItem']))
    .combine(allowSend(grantee, thresholds.observationsQueue));
}
