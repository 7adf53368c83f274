import { describe, expect, it } from 'vitest';
import { administratorOf, denialOf, type PolicyStatement } from '../../../local/bus/permissions';

const [CONNECTOR, PRODUCER] = ['999988887777', '111122223333'];
const BUS = `arn:aws:events:eu-west-1:${CONNECTOR}:event-bus/customer-data`;
const ROLE = `arn:aws:iam::${PRODUCER}:role/Forwarding`;
const RULE = `arn:aws:events:eu-west-1:${PRODUCER}:rule/Forwarding`;
const [ORGANIZATION, UNIT] = ['o-a1b2c3d4e5', 'r-ab12/ou-ab12-11111111'];

/** A PutEvents request and the policies that apply to it. */
interface Case {
  /** Statements of the bus's policy: those of `allow` by default. */
  readonly bus?: readonly PolicyStatement[];
  /** Statements of the role's policy. */
  readonly role?: readonly PolicyStatement[];
  readonly account?: string;
  /** Place of the account in the organization. Null: in none. */
  readonly path?: string | null;
  readonly sources?: readonly string[];
  readonly detailTypes?: readonly string[];
}

const statement = (Effect: 'Allow' | 'Deny', more: PolicyStatement = {}): PolicyStatement => ({
  Effect,
  Action: 'events:PutEvents',
  Resource: BUS,
  ...more,
});
const allow = (more: PolicyStatement = {}) => statement('Allow', { Principal: '*', ...more });
const deny = (more: PolicyStatement = {}) => statement('Deny', { Principal: '*', ...more });
const when = (operator: string, key: string, ...values: string[]) => ({ Condition: { [operator]: { [key]: values } } });

function denial(given: Case): Promise<string | undefined> {
  const { bus = [allow()], role = [statement('Allow')], account = PRODUCER, path = UNIT } = given;
  const { sources = ['crm'], detailTypes = ['Refreshed'] } = given;
  return denialOf(
    { account, arn: ROLE.replace(PRODUCER, account), statements: role, ruleArn: RULE },
    { arn: BUS, account: CONNECTOR, policy: bus },
    { sources, detailTypes },
    path === null ? undefined : { id: ORGANIZATION, paths: { [account]: path } },
  );
}

const own = { account: CONNECTOR };
const ownRole = { AWS: ROLE.replace(PRODUCER, CONNECTOR) };

/** Pages of AWS's documentation, with the cases that they describe: whether EventBridge accepts the events. */
const DOCUMENTED: Readonly<Record<string, readonly [what: string, isAccepted: boolean, given: Case][]>> = {
  // "By default, all requests are implicitly denied", "An explicit deny overrides an explicit allow".
  'IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html': [
    ['no policy allows', false, { bus: [], role: [] }],
    ['the policies allow another action', false, { bus: [allow({ Action: 'events:PutRule' })] }],
    ['the policy allows another bus', false, { bus: [allow({ Resource: `${BUS}-2` })] }],
    ['the policies allow with wildcards', true, { bus: [allow({ Action: 'events:Put*', Resource: `${BUS}*` })] }],
    ['the bus also denies', false, { bus: [allow(), deny()] }],
    ['the bus denies first', false, { bus: [deny(), allow()] }],
    ['the bus denies another account', true, { bus: [allow(), deny({ Principal: { AWS: '444455556666' } })] }],
    ['the role also denies', false, { role: [statement('Allow'), statement('Deny')] }],
  ],
  // "If either the identity-based policy or the resource-based policy within the same account allows".
  'IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html': [
    ['same account: both allow', true, own],
    ['same account: only the role allows', true, { ...own, bus: [] }],
    ['same account: only the bus allows', true, { ...own, role: [], bus: [allow({ Principal: ownRole })] }],
    ['same account: none allows', false, { ...own, role: [], bus: [] }],
    ['same account: the bus denies what the role allows', false, { ...own, bus: [deny()] }],
    ['same account: the role denies what the bus allows', false, { ...own, role: [statement('Deny')] }],
  ],
  // "The resource-based policy … must specify the principal", "The principal's identity-based policy must allow".
  'IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html': [
    ['two accounts: both allow', true, {}],
    ['two accounts: only the role allows', false, { bus: [] }],
    ['two accounts: only the bus allows', false, { role: [] }],
    [
      'two accounts: only the bus allows, and names the role',
      false,
      { role: [], bus: [allow({ Principal: { AWS: ROLE } })] },
    ],
  ],
  // "you delegate authority to the account": its identity-based policies decide.
  'IAM/latest/UserGuide/reference_policies_elements_principal.html': [
    ['the principal is the account', true, { bus: [allow({ Principal: { AWS: PRODUCER } })] }],
    [
      'the principal is the ARN of the account',
      true,
      { bus: [allow({ Principal: { AWS: `arn:aws:iam::${PRODUCER}:root` } })] },
    ],
    ['the principal is another account', false, { bus: [allow({ Principal: { AWS: '444455556666' } })] }],
    ['the principal is the role', true, { bus: [allow({ Principal: { AWS: ROLE } })] }],
    ['the principal is another role', false, { bus: [allow({ Principal: { AWS: `${ROLE}2` } })] }],
    ['the principal is a service', false, { bus: [allow({ Principal: { Service: 'events.amazonaws.com' } })] }],
    [
      'same account: the bus delegates to the account, and the role allows nothing',
      false,
      { ...own, role: [], bus: [allow({ Principal: { AWS: CONNECTOR } })] },
    ],
  ],
  // ForAllValues: every value of the request is in the policy, or the request has no value. ForAnyValue: at least one is.
  'IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html': [
    [
      'ForAllValues: the only source',
      true,
      { bus: [allow(when('ForAllValues:StringEquals', 'events:source', 'crm'))] },
    ],
    [
      'ForAllValues: one source of two',
      false,
      { sources: ['crm', 'shop'], bus: [allow(when('ForAllValues:StringEquals', 'events:source', 'crm'))] },
    ],
    [
      'ForAllValues: both sources',
      true,
      {
        sources: ['crm', 'shop'],
        bus: [allow(when('ForAllValues:StringEquals', 'events:source', 'shop', 'crm', 'erp'))],
      },
    ],
    [
      'ForAllValues: another detail type',
      false,
      { detailTypes: ['Crossed'], bus: [allow(when('ForAllValues:StringEquals', 'events:detail-type', 'Refreshed'))] },
    ],
    [
      'ForAllValues: no path, because the account is in no organization',
      true,
      { path: null, bus: [allow(when('ForAllValues:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/*`))] },
    ],
    [
      'ForAnyValue: one source of two',
      true,
      { sources: ['crm', 'shop'], bus: [allow(when('ForAnyValue:StringEquals', 'events:source', 'crm'))] },
    ],
    ['ForAnyValue: another source', false, { bus: [allow(when('ForAnyValue:StringEquals', 'events:source', 'shop'))] }],
    [
      'ForAnyValue: the detail type',
      true,
      { bus: [allow(when('ForAnyValue:StringEquals', 'events:detail-type', 'Refreshed'))] },
    ],
    [
      'ForAnyValue: no path, because the account is in no organization',
      false,
      { path: null, bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/*`))] },
    ],
    [
      'deny with ForAnyValue: one source of two',
      false,
      { sources: ['crm', 'shop'], bus: [allow(), deny(when('ForAnyValue:StringEquals', 'events:source', 'shop'))] },
    ],
    [
      'deny with ForAllValues: one source of two',
      true,
      { sources: ['crm', 'shop'], bus: [allow(), deny(when('ForAllValues:StringEquals', 'events:source', 'shop'))] },
    ],
  ],
  // A missing key does not match; IfExists: it does; Null: whether it is missing. All conditions must hold, one value must match.
  'IAM/latest/UserGuide/reference_policies_elements_condition_operators.html': [
    [
      'StringEquals: the organization',
      true,
      { bus: [allow(when('StringEquals', 'aws:PrincipalOrgID', ORGANIZATION))] },
    ],
    [
      'StringEquals: one of two values',
      true,
      { bus: [allow(when('StringEquals', 'aws:PrincipalOrgID', 'o-z9y8x7w6v5', ORGANIZATION))] },
    ],
    [
      'StringEquals: another organization',
      false,
      { bus: [allow(when('StringEquals', 'aws:PrincipalOrgID', 'o-z9y8x7w6v5'))] },
    ],
    [
      'StringEquals: other letters',
      false,
      { bus: [allow(when('StringEquals', 'aws:PrincipalOrgID', ORGANIZATION.toUpperCase()))] },
    ],
    [
      'StringEquals: in no organization',
      false,
      { path: null, bus: [allow(when('StringEquals', 'aws:PrincipalOrgID', ORGANIZATION))] },
    ],
    [
      'StringEqualsIfExists: in no organization',
      true,
      { path: null, bus: [allow(when('StringEqualsIfExists', 'aws:PrincipalOrgID', ORGANIZATION))] },
    ],
    [
      'StringEqualsIfExists: another organization',
      false,
      { bus: [allow(when('StringEqualsIfExists', 'aws:PrincipalOrgID', 'o-z9y8x7w6v5'))] },
    ],
    [
      'StringNotEquals: in no organization',
      true,
      { path: null, bus: [allow(when('StringNotEquals', 'aws:PrincipalOrgID', ORGANIZATION))] },
    ],
    ['Null true: in no organization', true, { path: null, bus: [allow(when('Null', 'aws:PrincipalOrgID', 'true'))] }],
    [
      'Null false: in no organization',
      false,
      { path: null, bus: [allow(when('Null', 'aws:PrincipalOrgID', 'false'))] },
    ],
    [
      'two conditions, one of which holds',
      false,
      {
        bus: [
          allow({
            Condition: { StringEquals: { 'aws:PrincipalOrgID': ORGANIZATION, 'aws:PrincipalAccount': CONNECTOR } },
          }),
        ],
      },
    ],
    [
      'two statements, one of which allows',
      true,
      {
        bus: [
          allow(when('StringEquals', 'aws:PrincipalAccount', CONNECTOR)),
          allow(when('StringEquals', 'aws:PrincipalAccount', PRODUCER)),
        ],
      },
    ],
  ],
  // "all conditions and keys must be met", "if one of the values is met".
  'eventbridge/latest/userguide/eb-use-conditions.html': [
    ['StringEquals: the source', true, { bus: [allow(when('StringEquals', 'events:source', 'crm'))] }],
    ['StringEquals: one of two sources', true, { bus: [allow(when('StringEquals', 'events:source', 'shop', 'crm'))] }],
    ['StringEquals: another source', false, { bus: [allow(when('StringEquals', 'events:source', 'shop'))] }],
    [
      'StringEqualsIfExists: the detail type',
      true,
      { bus: [allow(when('StringEqualsIfExists', 'events:detail-type', 'Refreshed'))] },
    ],
    [
      'StringEqualsIfExists: another detail type',
      false,
      { bus: [allow(when('StringEqualsIfExists', 'events:detail-type', 'Crossed'))] },
    ],
    ['keys in other letters', true, { bus: [allow(when('StringEquals', 'Events:Source', 'crm'))] }],
    [
      'the source, and another detail type',
      false,
      { bus: [allow({ Condition: { StringEquals: { 'events:source': 'crm', 'events:detail-type': 'Crossed' } } })] },
    ],
    ['the condition of the role', false, { role: [statement('Allow', when('StringEquals', 'events:source', 'shop'))] }],
  ],
  // "Send events only from a specific rule", "Send events only from a specific Region".
  'eventbridge/latest/userguide/eb-event-bus-perms.html': [
    ['a rule', true, { bus: [allow(when('ArnEquals', 'aws:SourceArn', RULE))] }],
    ['another rule', false, { bus: [allow(when('ArnEquals', 'aws:SourceArn', `${RULE}2`))] }],
    ['a rule of a Region', true, { bus: [allow(when('ArnLike', 'aws:SourceArn', 'arn:aws:events:eu-west-1:*:*/*'))] }],
    [
      'a rule of another Region',
      false,
      { bus: [allow(when('ArnLike', 'aws:SourceArn', 'arn:aws:events:us-east-1:*:*/*'))] },
    ],
  ],
  // aws:PrincipalOrgPaths: `*` also stands for nothing, so the unit itself is included.
  'IAM/latest/UserGuide/reference_policies_condition-keys.html': [
    [
      'the unit',
      true,
      { bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/*`))] },
    ],
    [
      'a unit below it',
      true,
      {
        path: `${UNIT}/ou-ab12-22222222`,
        bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/*`))],
      },
    ],
    [
      'only below the unit',
      false,
      { bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/ou-*`))] },
    ],
    [
      'a unit whose id begins with that of the unit',
      false,
      {
        path: `${UNIT}2`,
        bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/*`))],
      },
    ],
    [
      'the root above the unit',
      false,
      {
        path: 'r-ab12',
        bus: [allow(when('ForAnyValue:StringLike', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/*`))],
      },
    ],
    [
      'the path as one value',
      true,
      { bus: [allow(when('ForAnyValue:StringEquals', 'aws:PrincipalOrgPaths', `${ORGANIZATION}/${UNIT}/`))] },
    ],
    [
      'aws:PrincipalArn',
      true,
      { bus: [allow(when('ArnLike', 'aws:PrincipalArn', `arn:aws:iam::${PRODUCER}:role/*`))] },
    ],
  ],
};

describe.each(Object.entries(DOCUMENTED))('https://docs.aws.amazon.com/%s', (_page, cases) => {
  it.each(cases)('%s: %s', async (_what, isAccepted, given) => {
    expect((await denial(given)) === undefined).toBe(isAccepted);
  });
});

describe('a denial', () => {
  const denied = `User: ${ROLE} is not authorized to perform: events:PutEvents on resource: ${BUS}`;
  it.each<[string, Case]>([
    ['because no resource-based policy allows the events:PutEvents action', { bus: [] }],
    ['because no identity-based policy allows the events:PutEvents action', { role: [] }],
    ['with an explicit deny in a resource-based policy', { bus: [deny()] }],
    ['with an explicit deny in an identity-based policy', { role: [statement('Deny')] }],
  ])('says why: %s', async (why, given) => {
    expect(await denial(given)).toBe(`${denied} ${why}`);
  });

  it('applies to several sources of which a condition without a set operator does not name all', async () => {
    const sources = ['crm', 'shop'];
    const onlyCrm = when('StringEquals', 'events:source', 'crm');
    expect(await denial({ sources, bus: [allow(onlyCrm)] })).toContain('no resource-based policy');
    expect(await denial({ sources, bus: [allow(), deny(onlyCrm)] })).toContain('explicit deny');
  });

  it("applies to the account's administrator only if the bus's policy denies, or is in another account", async () => {
    const put = (account: string, policy: readonly PolicyStatement[]) =>
      denialOf(
        administratorOf(account),
        { arn: BUS, account: CONNECTOR, policy },
        { sources: ['crm'], detailTypes: ['R'] },
      );
    expect(await put(CONNECTOR, [])).toBeUndefined();
    expect(await put(CONNECTOR, [allow({ Principal: { AWS: PRODUCER } })])).toBeUndefined();
    expect(await put(CONNECTOR, [deny()])).toContain('explicit deny');
    expect(await put(PRODUCER, [])).toContain('no resource-based policy');
    expect(await put(PRODUCER, [allow()])).toBeUndefined();
  });

  it('is an error if a policy is invalid', async () => {
    await expect(denial({ bus: [allow({ Effect: 'Maybe' })] })).rejects.toThrow(BUS);
  });
});
