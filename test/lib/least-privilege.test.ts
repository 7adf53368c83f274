import { beforeAll, describe, expect, it } from 'vitest';
import { KNOWN_DETAIL_TYPES } from '../../contract/events';
import { PowerAutomateConnectorStack } from '../../lib';
import type { AwsCall } from '../../local/engines/protocol/calls';
import type { Plan } from '../../local/template/model/plan';
import { planTemplate } from '../../local/template/plan';
import type { LoadedTemplate } from '../../local/template/template';
import { DATA_KEY, everythingConnector, QueryTargets, SECRETS_KEY, UserSecrets } from '../support/app/everything';
import { type Exercise, exercise } from '../support/app/exercise';
import {
  type PrivilegeOptions,
  privilegeProblems,
  servicePrivilegeProblems,
  TOLERANCES,
  WILDCARDS,
} from '../support/app/least-privilege';
import { list } from './support';

/** The default app, and the app with every option. */
let run: Exercise;
let full: Exercise;
beforeAll(async () => {
  run = await exercise((app) => new PowerAutomateConnectorStack(app, 'Connector').connector);
  full = await exercise(everythingConnector);
}, 240_000);

// biome-ignore lint/suspicious/noExplicitAny: resources of a template have any form
type Resources = Record<string, any>;
interface Statement {
  Effect: 'Allow';
  Action: string | string[];
  Resource: unknown;
}

/** A copy of the template with changed resources. */
function changed(change: (resources: Resources) => void, { loaded } = run): LoadedTemplate {
  const template = structuredClone(loaded.template);
  change(template.Resources as Resources);
  return { ...loaded, template };
}

/** A policy's document. */
const documentOf = (resources: Resources, policyId: string): { Statement: Statement[] } =>
  resources[policyId].Properties.PolicyDocument;

/** The statements of a function's role. `name` is a part of the function's logical id. */
function statementsOf(resources: Resources, name: string): Statement[] {
  const [policy] = Object.entries(resources).filter(
    ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.includes(`${name}Role`),
  );
  return policy?.[1].Properties.PolicyDocument.Statement;
}

function statementWith(resources: Resources, name: string, action: string): Statement {
  const found = statementsOf(resources, name).find(({ Action }) => list(Action).includes(action));
  if (!found) throw new Error(`no statement of ${name} allows ${action}`);
  return found;
}

const textsOf = async (loaded: LoadedTemplate): Promise<string[]> =>
  (await privilegeProblems(loaded, run.calls)).map(({ text }) => text);

const runs: [string, () => Exercise][] = [
  ['by default', () => run],
  ['with every option', () => full],
];

it.each(runs)('exercises all functions %s, without failures', (_, get) => {
  const { detailTypes, failures, leftovers, delivered } = get();
  const ofServices = get() === full ? ['Glue Job State Change', 'AWS API Call via CloudTrail'] : [];
  expect([...detailTypes].toSorted()).toEqual([...KNOWN_DETAIL_TYPES, 'NoSuchEvent', ...ofServices].toSorted());
  expect(failures).toEqual([]);
  const [before, after] = leftovers;
  expect(before).toEqual({ intents: 1, intentParts: 3, items: 4, runs: 2, subscriptions: 1, deaths: 1 });
  expect(after).toEqual({ intents: 0, intentParts: 0, items: 0, runs: 0, subscriptions: 0, deaths: 0 });
  const always = ['moody', 'picky', 'broken', 'limited', 'idle'];
  const declared = ['declared', 'declared-parameter', 'declared-threshold', 'tenant', 'vouched'];
  const others = get() === full ? [...declared, 'file-secret', 'file-parameter', 'renamed'] : [];
  expect([...delivered]).toEqual(expect.arrayContaining([...always, ...others]));
});

it('allows exactly the calls of the functions by default', async () => {
  expect(await textsOf(run.loaded)).toEqual([]);
});

describe('with every option', () => {
  let plan: Plan;
  beforeAll(() => {
    plan = planTemplate(full.loaded, (name) => `http://queues/${name}`);
  });
  const keyOf = (id: string): string => {
    const logicalId = Object.keys(full.loaded.template.Resources).find((one) => one.startsWith(id));
    return plan.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] }, 'test') as string;
  };
  /** Secrets, parameters, buckets and warehouses are outside the template. */
  const options = (): PrivilegeOptions => {
    const arn = (kept: string) =>
      kept.startsWith('arn:') ? kept : `arn:aws:ssm:us-east-1:000000000000:parameter${kept}`;
    const buckets = [QueryTargets.DATA_BUCKET, QueryTargets.RESULTS_BUCKET].map((name) => `arn:aws:s3:::${name}`);
    const keys = new Map([
      ...Object.values(UserSecrets).map((kept) => [arn(kept), keyOf(SECRETS_KEY)] as const),
      ...buckets.map((bucket) => [bucket, keyOf(DATA_KEY)] as const),
    ]);
    const workgroupIds = { [QueryTargets.WORKGROUP]: QueryTargets.WORKGROUP_ID };
    return {
      wildcards: WILDCARDS,
      around: { keys, workgroupIds, dataBuckets: { [QueryTargets.DATABASE]: QueryTargets.DATA_BUCKET } },
    };
  };
  const problemsOf = async (calls = full.calls) =>
    (await privilegeProblems(full.loaded, calls, options())).map(({ text }) => text);

  it('allows exactly the calls of the functions', async () => {
    expect(await problemsOf()).toEqual([]);
  });

  it.each<[string, object]>([
    ['for another audience', { 'Audience.member.1': 'https://example.com' }],
    ['for an additional audience', { 'Audience.member.2': 'https://example.com' }],
    ['for no audience', { 'Audience.member.1': undefined }],
    ['with another algorithm', { SigningAlgorithm: 'ES384' }],
    ['with a longer lifetime', { DurationSeconds: '301' }],
  ])('allows no token %s', async (_, change) => {
    const asked = full.calls.find(({ operation }) => operation === 'GetWebIdentityToken') as AwsCall;
    const { 'Audience.member.1': audience, ...rest } = { ...asked.input, ...change } as Record<string, string>;
    const input = audience === undefined ? rest : { ...rest, 'Audience.member.1': audience };
    expect(await problemsOf([...full.calls, { ...asked, input }])).toEqual([
      expect.stringMatching(/Deliver\w+ calls sts:GetWebIdentityToken on \*, which its role does not allow/),
    ]);
  });

  it('allows no other secret or table, and the key of the secrets only for reading them', async () => {
    const [secret, table] = ['GetSecretValue', 'UpdateItem'].map((name) =>
      full.calls.find(({ operation, accessKeyId }) => operation === name && accessKeyId.includes('Deliver')),
    ) as [AwsCall, AwsCall];
    const texts = await problemsOf([
      ...full.calls,
      { ...secret, input: { SecretId: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:other-AbCdEf' } },
      { ...secret, operation: 'PutSecretValue' },
      { ...table, input: { TableName: 'other' } },
      { ...secret, service: 'kms', operation: 'Decrypt', input: { KeyId: keyOf(SECRETS_KEY) } },
    ]);
    expect(texts).toEqual([
      expect.stringContaining('calls secretsmanager:GetSecretValue on'),
      expect.stringContaining('calls secretsmanager:PutSecretValue on'),
      expect.stringContaining('calls dynamodb:UpdateItem on'),
      expect.stringContaining('calls kms:Decrypt on'),
    ]);
  });

  it.each<[string, string, object]>([
    ['to decrypt flow URLs', 'Decrypt', {}],
    ['to encrypt flow URLs that are bound to no subscription', 'Encrypt', { EncryptionContext: undefined }],
  ])('does not allow connect %s', async (_, operation, change) => {
    const sealing = full.calls.find(
      (call) => call.operation === 'Encrypt' && call.accessKeyId.includes('Connect'),
    ) as AwsCall;
    const other = { ...sealing, operation, input: { ...sealing.input, ...change } };
    expect(await problemsOf([...full.calls, other])).toEqual([
      expect.stringMatching(new RegExp(`Connect\\w+ calls kms:${operation} on \\S+, which its role does not allow`)),
    ]);
  });

  it.each<[string, object]>([
    ['of another source', { Source: 'aws.glue' }],
    ['that only the connector itself sends', { DetailType: 'SegmentThresholdCrossed' }],
  ])('does not allow connect to put events %s', async (_, change) => {
    const put = full.calls.find(
      (call) => call.operation === 'PutEvents' && call.accessKeyId.includes('ApiConnect'),
    ) as AwsCall;
    const [entry] = put.input.Entries as object[];
    const other = { ...put, input: { Entries: [{ ...entry, ...change }] } };
    expect(await problemsOf([...full.calls, other])).toEqual([
      expect.stringMatching(/Connect\w+ calls events:PutEvents on \S+, which its role does not allow/),
    ]);
  });

  /** Policies of the functions for sources, queries, polls and the custom connector, and of their schedules. */
  const OF_SERVICES =
    /(Normalize|Measure|Poll|Reconcile|Scheduler|Connect|Retire|Record)Role|AskQueries|PollJobs|ListRuns/;
  const policyIds = () =>
    Object.entries(full.loaded.template.Resources)
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && OF_SERVICES.test(id))
      .map(([id]) => id);

  it('reports the calls of each removed statement of the functions for services and flows, and of the scheduler', async () => {
    let taken = 0;
    for (const policyId of policyIds()) {
      const { Statement: statements } = documentOf(full.loaded.template.Resources as Resources, policyId);
      for (const [n, { Action }] of statements.entries()) {
        // Several resources with the same key have the same statement.
        const actions = list<string>(Action).filter((action) => !action.startsWith('kms:'));
        if (actions.length === 0) continue;
        const without = changed((resources) => documentOf(resources, policyId).Statement.splice(n, 1), full);
        const problems = await privilegeProblems(without, full.calls, options());
        const lacking = problems.filter(({ text }) => text.includes('which its role does not allow'));
        const tolerated = TOLERANCES.flatMap((one) => one.actions);
        expect([...new Set(lacking.map(({ action }) => action))].toSorted(), policyId).toEqual(
          actions.filter((action) => !tolerated.includes(action)).toSorted(),
        );
        taken++;
      }
    }
    expect(taken).toBeGreaterThan(30);
  });

  it.each([
    ['AskQueries', 'athena:StartQueryExecution', 'athena:StopQueryExecution'],
    ['AskQueries', 'glue:GetPartitions', 'glue:GetTables'],
    ['AskQueries', 's3:PutObject', 's3:DeleteObject'],
    ['AskQueries', 'redshift-data:ExecuteStatement', 'redshift-data:BatchExecuteStatement'],
    ['AskQueries', 'cloudwatch:GetMetricData', 'cloudwatch:PutMetricData'],
    ['AskQueries', 'profile:GetSegmentEstimate', 'profile:SearchProfiles'],
    ['PollJobs', 'entityresolution:GetMatchingJob', 'entityresolution:StartMatchingJob'],
    ['PollJobs', 'profile:ListIdentityResolutionJobs', 'profile:GetIdentityResolutionJob'],
    ['MeasureRole', 'events:PutEvents', 'events:PutRule'],
    ['NormalizeRole', 'sqs:SendMessage', 'sqs:PurgeQueue'],
    ['PollRole', 'dynamodb:GetItem', 'dynamodb:Scan'],
    ['PollRole', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
    ['ReconcileRole', 'dynamodb:BatchGetItem', 'dynamodb:GetItem'],
    ['ListRuns', 'appflow:DescribeFlowExecutionRecords', 'appflow:StartFlow'],
    ['ListRuns', 'glue:GetJobRuns', 'glue:StartJobRun'],
    ['ListRuns', 'databrew:ListJobRuns', 'databrew:StartJobRun'],
    ['ListRuns', 'emr-serverless:ListJobRuns', 'emr-serverless:StartJobRun'],
    ['ListRuns', 'datasync:DescribeTaskExecution', 'datasync:CancelTaskExecution'],
    ['ListRuns', 'athena:ListQueryExecutions', 'athena:StartQueryExecution'],
    ['ListRuns', 'states:ListExecutions', 'states:StartExecution'],
    ['QueriesSchedulerRole', 'sqs:SendMessage', 'sqs:ReceiveMessage'],
  ])('reports an unused permission of %s in addition to %s: %s', async (policy, action, more) => {
    const [policyId = ''] = policyIds().filter((id) => id.includes(policy));
    const extended = changed((resources) => {
      const found = documentOf(resources, policyId).Statement.find((one) => list(one.Action).includes(action));
      if (!found) throw new Error(`no statement of ${policyId} allows ${action}`);
      found.Action = [...list(found.Action), more];
    }, full);
    const problems = await privilegeProblems(extended, full.calls, options());
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem.action).toBe(more);
    expect(problems.map(({ text }) => text)).toContainEqual(expect.stringContaining('which no call needs'));
  });

  it.each<[string, object, string]>([
    ['StartQueryExecution', { WorkGroup: 'other' }, 'athena:StartQueryExecution'],
    ['StartQueryExecution', { QueryString: 'SELECT 1 FROM salaries' }, 'glue:GetTable'],
    ['StartQueryExecution', { ResultConfiguration: { OutputLocation: 's3://shop-results/other/' } }, 's3:PutObject'],
    ['ExecuteStatement', { ClusterIdentifier: 'other', WorkgroupName: undefined }, 'redshift-data:ExecuteStatement'],
    [
      'ExecuteStatement',
      { SecretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:other-AbCdEf' },
      'secretsmanager:GetSecretValue',
    ],
    ['CreateSegmentEstimate', { DomainName: 'other' }, 'profile:CreateSegmentEstimate'],
    ['GetSegmentDefinition', { SegmentDefinitionName: 'other' }, 'profile:GetSegmentDefinition'],
    ['GetMatchingJob', { workflowName: 'other' }, 'entityresolution:GetMatchingJob'],
    ['ListIdentityResolutionJobs', { DomainName: 'other' }, 'profile:ListIdentityResolutionJobs'],
    ['DescribeFlowExecutionRecords', { flowName: 'other' }, 'appflow:DescribeFlowExecutionRecords'],
    ['GetJobRuns', { JobName: 'other' }, 'glue:GetJobRuns'],
    [
      'DescribeTaskExecution',
      { TaskExecutionArn: 'arn:aws:datasync:us-east-1:111222333444:task/task-other/execution/exec-1' },
      'datasync:DescribeTaskExecution',
    ],
    ['ListQueryExecutions', { WorkGroup: 'other' }, 'athena:ListQueryExecutions'],
    [
      'ListExecutions',
      { stateMachineArn: 'arn:aws:states:us-east-1:012345678912:stateMachine:other' },
      'states:ListExecutions',
    ],
  ])('does not allow %s on another resource: %j', async (operation, input, action) => {
    const made = full.calls.find((call) => call.operation === operation) as AwsCall;
    const other = { ...made, input: { ...made.input, ...input } };
    const problems = await privilegeProblems(full.loaded, [...full.calls, other], options());
    expect(problems.map((one) => one.action)).toContain(action);
    for (const { text } of problems) expect(text).toContain('which its role does not allow');
  });

  it('reports a role that belongs neither to a function nor to the scheduler', async () => {
    const more = changed((resources) => {
      resources.Unknown = { Type: 'AWS::IAM::Role', Properties: {} };
    }, full);
    expect((await privilegeProblems(more, full.calls, options())).map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Unknown may all on its policies, which is not checked/),
    ]);
  });

  it('reports a pattern that is no longer needed', async () => {
    const wildcard = { actions: ['s3:Get*'], resource: () => true, reason: 'The app has no such bucket.' };
    const problems = await privilegeProblems(full.loaded, full.calls, {
      ...options(),
      wildcards: [...WILDCARDS, wildcard],
    });
    expect(problems.map(({ text }) => text)).toEqual([
      'no role has s3:Get* as a pattern: remove it from the wildcards',
    ]);
  });
});

describe('EventBridge and CloudWatch', () => {
  it.each(runs)('have exactly the permissions for the targets of rules and alarms %s', async (_, get) => {
    expect(await servicePrivilegeProblems(get().loaded)).toEqual([]);
  });

  it('are reported if a policy lacks their statement', async () => {
    const { Resources } = full.loaded.template;
    const policies = Object.entries(Resources as Resources).filter(
      ([, { Type }]) =>
        Type === 'AWS::SNS::TopicPolicy' || Type === 'AWS::SQS::QueuePolicy' || Type === 'AWS::KMS::Key',
    );
    let taken = 0;
    for (const [id, { Properties }] of policies) {
      const { Statement } = Properties.PolicyDocument ?? Properties.KeyPolicy;
      for (const [n, { Principal }] of Statement.entries()) {
        if (!Principal?.Service) continue;
        const template = structuredClone(full.loaded.template);
        const changed = (template.Resources as Resources)[id].Properties;
        (changed.PolicyDocument ?? changed.KeyPolicy).Statement.splice(n, 1);
        const problems = await servicePrivilegeProblems({ ...full.loaded, template });
        expect(problems, `${id} ${n}`).toContainEqual(expect.stringContaining('which its policy does not allow'));
        taken++;
      }
    }
    expect(taken).toBeGreaterThan(10);
  });
});

describe('reports', () => {
  it('the calls of each removed statement', async () => {
    const all = Object.entries(run.loaded.template.Resources as Resources).filter(
      ([, { Type }]) => Type === 'AWS::IAM::Policy',
    );
    const tolerated = TOLERANCES.flatMap(({ actions }) => actions);
    let taken = 0;
    for (const [policyId, { Properties }] of all) {
      for (const [n, { Action }] of (Properties.PolicyDocument.Statement as Statement[]).entries()) {
        const without = changed((resources) => resources[policyId].Properties.PolicyDocument.Statement.splice(n, 1));
        const problems = await privilegeProblems(without, run.calls);
        const actions = list(Action).filter((action) => !tolerated.includes(action));
        expect([...new Set(problems.map(({ action }) => action))].toSorted(), policyId).toEqual(actions.toSorted());
        for (const { text } of problems) expect(text).toContain('which its role does not allow');
        taken++;
      }
    }
    expect(taken).toBeGreaterThan(20);
  });

  it('an action without calls on a table with calls', async () => {
    const more = changed((resources) => {
      const onTable = statementWith(resources, 'Deliver', 'dynamodb:PutItem');
      onTable.Action = [...list(onTable.Action), 'dynamodb:Scan'];
    });
    expect(await textsOf(more)).toEqual([
      expect.stringMatching(
        /^ConnectorDeliveryDeliverFunction\w+ may dynamodb:Scan on arn:aws:dynamodb:us-east-1:000000000000:table\/Connector-ConnectorDeliveryTable\w+, which no call needs: /,
      ),
    ]);
  });

  it('an action with calls on another resource', async () => {
    const Resource = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
    const more = changed((resources) =>
      statementsOf(resources, 'Sweep').push({ Effect: 'Allow', Action: 'events:PutEvents', Resource }),
    );
    expect(await textsOf(more)).toEqual([
      expect.stringMatching(
        /^ConnectorThresholdsSweepFunction\w+ may events:PutEvents on .*event-bus\/default, which no/,
      ),
    ]);
  });

  it('a permission that two statements allow', async () => {
    const more = changed((resources) => {
      const put = statementWith(resources, 'Sweep', 'events:PutEvents');
      statementsOf(resources, 'Sweep').push(structuredClone(put));
    });
    // Each of them can be removed.
    expect(await textsOf(more)).toEqual(Array(2).fill(expect.stringContaining('may events:PutEvents on')));
  });

  it('a permission on a table instead of its index, as missing and as unused', async () => {
    const other = changed((resources) => {
      const onIndex = statementWith(resources, 'Dispatch', 'dynamodb:Query');
      const { 'Fn::Join': join } = onIndex.Resource as { 'Fn::Join': [string, unknown[]] };
      onIndex.Resource = join[1][0];
    });
    expect(await textsOf(other)).toEqual([
      expect.stringMatching(
        /Dispatch\w+ calls dynamodb:Query on \S+\/index\/by-trigger, which its role does not allow/,
      ),
      expect.stringMatching(/Dispatch\w+ may dynamodb:Query on [^/]+\/[^/]+, which no call needs/),
    ]);
  });

  it('patterns in actions and in resources', async () => {
    const more = changed((resources) => {
      const { Resource } = statementWith(resources, 'Sweep', 'dynamodb:GetItem');
      statementsOf(resources, 'Sweep').push(
        { Effect: 'Allow', Action: 'dynamodb:*', Resource },
        { Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' },
      );
    });
    const texts = await textsOf(more);
    expect(texts).toContainEqual(expect.stringMatching(/may dynamodb:\* on .*, which is a pattern: list the actions/));
    expect(texts).toContainEqual(
      expect.stringMatching(/may events:PutEvents on \*, which is a pattern: name the resource/),
    );
  });

  it('a tolerance that is no longer needed', async () => {
    const less = changed((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        for (const statement of Type === 'AWS::IAM::Policy' ? Properties.PolicyDocument.Statement : []) {
          statement.Action = list<string>(statement.Action).filter((action) => action !== 'sqs:GetQueueUrl');
        }
      }
    });
    expect(await textsOf(less)).toEqual(['no role has sqs:GetQueueUrl without using it: remove the tolerance']);
  });

  it('a managed policy of AWS', async () => {
    const name = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const more = changed((resources) => {
      const [role] = Object.entries(resources).filter(
        ([id, { Type }]) => Type === 'AWS::IAM::Role' && id.includes('Sweep'),
      );
      Object.assign(role?.[1].Properties, { ManagedPolicyArns: [name] });
    });
    expect(await textsOf(more)).toEqual([expect.stringMatching(/Sweep.*AdministratorAccess.*outside the template/)]);
  });

  it('a key policy that does not allow to decrypt', async () => {
    const closed = changed((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        if (Type === 'AWS::KMS::Key') Properties.KeyPolicy.Statement[0].Action = 'kms:DescribeKey';
      }
    });
    const problems = await privilegeProblems(closed, run.calls);
    expect(problems).toContainEqual(expect.objectContaining({ action: 'kms:Decrypt' }));
  });
});
