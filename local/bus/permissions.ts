/** A statement of a policy (IAM user guide, "IAM JSON policy element reference"). */
export type PolicyStatement = Readonly<Record<string, unknown>>;

/** An organization in AWS Organizations. */
export interface Organization {
  readonly id: string;
  /** The root and the organizational units of each account, such as `r-ab12/ou-ab12-11111111`. */
  readonly paths: Readonly<Record<string, string>>;
}

/** Who puts events. */
export interface Caller {
  readonly account: string;
  /** ARN of the role. */
  readonly arn: string;
  /** Statements of the role's policies. */
  readonly statements: readonly PolicyStatement[];
  /** The rule that forwards the event. */
  readonly ruleArn?: string;
}

/** A bus and the statements of its resource policy. */
export interface ProtectedBus {
  readonly arn: string;
  readonly account: string;
  readonly policy: readonly PolicyStatement[];
}

/** The values of the condition keys `events:source` and `events:detail-type`. */
export interface RequestedEvents {
  readonly sources: readonly string[];
  readonly detailTypes: readonly string[];
}

const ACTION = 'events:PutEvents';
const EVERYTHING: PolicyStatement = { Effect: 'Allow', Action: '*', Resource: '*' };

/** Loading takes half a second, and the run of one account does not need it. */
const loadSimulator = () => require('@cloud-copilot/iam-simulate') as typeof import('@cloud-copilot/iam-simulate');

/** The user of an account, who is allowed everything in it. Permissions of functions are tested, not enforced. */
export const administratorOf = (account: string): Caller => ({
  account,
  arn: `arn:aws:iam::${account}:role/Administrator`,
  statements: [EVERYTHING],
});

/**
 * Evaluates whether a caller can put events on a bus (IAM user guide, "Policy evaluation logic" and "Cross-account policy
 * evaluation logic"). Context keys: those of the events, `aws:PrincipalOrgID`, `aws:PrincipalOrgPaths`,
 * `aws:PrincipalAccount`, `aws:PrincipalArn`, and of a forwarding rule `aws:SourceArn` and `aws:SourceAccount`.
 *
 * @returns why not, in the words of AWS (IAM user guide, "Troubleshoot access denied error messages"), or undefined.
 */
export async function denialOf(
  caller: Caller,
  bus: ProtectedBus,
  { sources, detailTypes }: RequestedEvents,
  organization?: Organization,
): Promise<string | undefined> {
  const isSameAccount = caller.account === bus.account;
  const canOnlyAllow = bus.policy.every(({ Effect }) => Effect === 'Allow');
  if (isSameAccount && canOnlyAllow && caller.statements.includes(EVERYTHING)) return undefined;
  const { runSimulation } = loadSimulator();
  const path = organization?.paths[caller.account];
  const outcome = await runSimulation(
    {
      request: {
        principal: caller.arn,
        action: ACTION,
        resource: { resource: bus.arn, accountId: bus.account },
        contextVariables: {
          'events:source': [...sources],
          'events:detail-type': [...detailTypes],
          'aws:PrincipalAccount': caller.account,
          'aws:PrincipalArn': caller.arn,
          ...(organization &&
            path !== undefined && {
              'aws:PrincipalOrgID': organization.id,
              'aws:PrincipalOrgPaths': [`${organization.id}/${path}/`],
            }),
          ...(caller.ruleArn !== undefined && {
            'aws:SourceArn': caller.ruleArn,
            'aws:SourceAccount': caller.account,
          }),
        },
      },
      identityPolicies:
        caller.statements.length > 0 ? [{ name: 'identity', policy: documentOf(caller.statements) }] : [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: bus.policy.length > 0 ? documentOf(bus.policy) : undefined,
    },
    {},
  );
  if (outcome.resultType === 'error') throw new Error(`${bus.arn}: ${JSON.stringify(outcome.errors)}`);
  if (outcome.overallResult === 'Allowed') return undefined;
  const analysis = outcome.resultType === 'single' ? outcome.result.analysis : undefined;
  const [identity, resource] = [analysis?.identityAnalysis?.result, analysis?.resourceAnalysis?.result];
  const denied = `User: ${caller.arn} is not authorized to perform: ${ACTION} on resource: ${bus.arn}`;
  if (resource === 'ExplicitlyDenied') return `${denied} with an explicit deny in a resource-based policy`;
  if (identity === 'ExplicitlyDenied') return `${denied} with an explicit deny in an identity-based policy`;
  const kind = identity === 'Allowed' ? 'resource-based' : 'identity-based';
  return `${denied} because no ${kind} policy allows the ${ACTION} action`;
}

const documentOf = (statements: readonly PolicyStatement[]) => ({
  Version: '2012-10-17',
  Statement: statements.map(withSetOperators),
});

/** The condition keys of PutEvents that can have several values (service authorization reference: `ArrayOfString`). */
const MULTIVALUED = /^events:(source|detail-type)$/i;

/**
 * Adds a set operator to conditions on the keys of events that have none. The IAM user guide requires one, but bus policies
 * without one exist, as in earlier examples of the EventBridge user guide. With one value, the result is the same. With
 * several, which is not documented, the caller gets the fewer permissions.
 */
function withSetOperators(statement: PolicyStatement): PolicyStatement {
  const { Effect, Condition } = statement;
  if (typeof Condition !== 'object' || Condition === null) return statement;
  const set = Effect === 'Deny' ? 'ForAnyValue' : 'ForAllValues';
  const conditions: Record<string, Record<string, unknown>> = {};
  for (const [operator, keys] of Object.entries(Condition)) {
    for (const [key, values] of Object.entries(keys ?? {})) {
      const withSet = `${set}:${operator}`;
      const lacksSet = MULTIVALUED.test(key) && operator !== 'Null' && !operator.includes(':');
      const name = lacksSet && !Object.hasOwn(Condition, withSet) ? withSet : operator;
      conditions[name] = { ...conditions[name], [key]: values };
    }
  }
  return { ...statement, Condition: conditions };
}
