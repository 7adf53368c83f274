import { isDeepStrictEqual } from 'node:util';
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import type { AwsCall } from '../../../local/engines/protocol/calls';
import { ACCOUNT } from '../../../local/shared/environment';
import type { Plan } from '../../../local/template/model/plan';
import { planTemplate } from '../../../local/template/plan';
import type { LoadedTemplate, ResourceDefinition } from '../../../local/template/template';
import {
  type Access,
  accessesOf,
  accessesOfKeys,
  accessesOfLambda,
  BY_TLS,
  type FunctionSetup,
  NO_SURROUNDINGS,
  queueArn,
  type Surroundings,
} from './aws-access';
import { QueryTargets } from './everything';

/** One statement of a policy with resolved values. */
interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: unknown;
}

/** A policy of a queue, a topic or a key. */
interface ResourcePolicy {
  readonly Statement: readonly (Statement & { readonly Principal?: { readonly Service?: string } })[];
}

/** A statement that allows one action on one resource. */
interface Grant extends Statement {
  readonly Action: string;
  readonly Resource: string;
}

/** A permission that a function's role lacks or does not need. */
export interface Problem {
  readonly functionId: string;
  readonly action: string;
  readonly resource: string;
  readonly text: string;
}

/** An accepted grant that no call uses. */
export interface Tolerance {
  readonly actions: readonly string[];
  /** Whether the tolerance applies to a resource. */
  readonly resource: (arn: string, functionId: string, plan: Plan) => boolean;
  readonly reason: string;
}

const isEventSource = (arn: string, functionId: string, plan: Plan): boolean =>
  plan.eventSources.some(
    ({ queueArn: source, functionArn }) =>
      source === arn && functionArn === plan.functions.find((one) => one.logicalId === functionId)?.arn,
  );

/** All unused permissions that a role may have. A tolerance that no role needs is also a problem. */
export const TOLERANCES: readonly Tolerance[] = [
  {
    actions: ['sqs:ChangeMessageVisibility', 'sqs:GetQueueUrl'],
    resource: isEventSource,
    reason: "CDK's SqsEventSource grants all that a consumer may need, only on the function's queue",
  },
];

/** A pattern in a role for which no narrower action or resource exists. */
export interface Wildcard {
  readonly actions: readonly string[];
  /** Whether the actions may be allowed on a resource. */
  readonly resource: (arn: string) => boolean;
  readonly reason: string;
}

const isEverything = (arn: string): boolean => arn === '*';
const isKey = (arn: string): boolean => /^arn:aws:kms:[^*]*:key\/[^*]+$/.test(arn);

/**
 * All patterns that roles may have when every option is switched on. By default roles have no patterns. A pattern that no
 * call or no role needs is a problem.
 */
export const WILDCARDS: readonly Wildcard[] = [
  {
    actions: ['sts:GetWebIdentityToken'],
    resource: isEverything,
    reason: 'AWS STS has no resource for it; conditions limit it to tokens that only Entra ID accepts',
  },
  {
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
    resource: isEverything,
    reason: 'AWS X-Ray has no resources for them',
  },
  {
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resource: isEverything,
    reason: 'Lambda requires them on all resources before it runs a function in a VPC',
  },
  {
    actions: ['kms:ReEncrypt*', 'kms:GenerateDataKey*'],
    resource: isKey,
    reason: 'DynamoDB requires these patterns for the customer managed key of a table; only on that key',
  },
  {
    actions: ['cloudwatch:GetMetricData'],
    resource: isEverything,
    reason: 'CloudWatch has no resource for it',
  },
  {
    actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
    resource: isEverything,
    reason: "the Redshift Data API has no resource for them; a condition limits them to the role's own statements",
  },
  {
    actions: ['datasync:ListTaskExecutions'],
    resource: isEverything,
    reason: 'AWS DataSync has no resource for it',
  },
  {
    actions: ['datasync:DescribeTaskExecution'],
    resource: (arn) => /^arn:aws:datasync:[^*]*:task\/[^*/]+\/execution\/\*$/.test(arn),
    reason: 'DataSync chooses the ids of executions; only executions of that task',
  },
  {
    actions: ['s3:GetObject'],
    resource: (arn) => arn === `arn:aws:s3:::${QueryTargets.DATA_BUCKET}/*`,
    reason: "the names of a table's files are unknown at deployment; only in that bucket",
  },
  {
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    resource: (arn) => arn === `arn:aws:s3:::${QueryTargets.RESULTS_BUCKET}/${QueryTargets.RESULTS_PREFIX}/*`,
    reason: 'Athena names the result files; only under that prefix',
  },
];

/** The streams of a log group. Their ARN always ends with an asterisk. */
const LOG_STREAMS = /^arn:aws:logs:[^*]*:log-group:[^*]*:\*$/;

/**
 * Compares the functions' roles with the functions' calls, and the roles of EventBridge Scheduler with the schedules. Roles
 * must allow every call and nothing else.
 * @param calls requests to the local run's endpoints. Only the functions' requests count.
 * @returns a problem for each call that a role does not allow, each grant that no call needs, and each unchecked policy.
 */
export async function privilegeProblems(
  loaded: LoadedTemplate,
  calls: readonly AwsCall[],
  { wildcards = [], around = NO_SURROUNDINGS }: PrivilegeOptions = {},
): Promise<Problem[]> {
  const plan = planTemplate(loaded, (name) => `http://queues/${ACCOUNT}/${name}`);
  const template = new PolicyReader(loaded, plan, wildcards);
  const functionIds = plan.functions.map(({ logicalId }) => logicalId);
  const surroundings = JSON.stringify({ ...around, keys: [...around.keys] });
  const seen = calls
    .filter(({ accessKeyId }) => functionIds.includes(accessKeyId))
    .flatMap((call) => accessesOfCall(call, around, surroundings));
  const done = distinct([...seen, ...accessesOfLambda(plan, template.setups()), ...template.accessesOfSchedules()]);
  const encrypting = new Map([...template.keys(), ...around.keys]);
  const accesses = distinct([
    ...done,
    ...done.flatMap((access) => accessesOfKeys(access, (resource) => encrypting.get(resource))),
  ]);
  const tolerated = new Set<string>();
  const problems: Problem[] = template.uncheckedRoles([...functionIds, ...template.schedulerRoles()]);
  const byFunction = Map.groupBy(accesses, ({ functionId }) => functionId);
  const policies = numberOf(JSON.stringify(template.policiesOfResources()));
  for (const functionId of [...functionIds, ...template.schedulerRoles()]) {
    const role = template.role(functionId);
    problems.push(...role.problems);
    const made = byFunction.get(functionId) ?? [];
    const permissions = numberOf(JSON.stringify([role.statements, role.grants]));
    const inputs = [functionId, permissions, policies, ...made.map((access) => numberOf(textOf(access)))].join(' ');
    const known = checks.get(inputs) ?? checkRole(role, made, template);
    checks.set(inputs, known);
    const checked = await known;
    problems.push(...checked.missing);
    for (const { Action: action, Resource: resource } of checked.unused) {
      if (TOLERANCES.some((one) => one.actions.includes(action) && one.resource(resource, functionId, plan))) {
        tolerated.add(action);
      } else problems.push(problem({ functionId, action, resource }, 'may', UNUSED));
    }
  }
  for (const action of template.unusedWildcards()) {
    const text = `no role has ${action} as a pattern: remove it from the wildcards`;
    problems.push({ functionId: '', action, resource: '', text });
  }
  for (const action of TOLERANCES.flatMap(({ actions }) => actions).filter((one) => !tolerated.has(one))) {
    const text = `no role has ${action} without using it: remove the tolerance`;
    problems.push({ functionId: '', action, resource: '', text });
  }
  return problems;
}

/**
 * Compares a role that a program outside the template assumes with the program's calls. Problems as of `privilegeProblems`.
 * @param roleId logical ID of the role.
 * @param calls the program's requests.
 */
export async function roleProblems(
  loaded: LoadedTemplate,
  roleId: string,
  calls: readonly AwsCall[],
): Promise<Problem[]> {
  const plan = planTemplate(loaded, (name) => `http://queues/${ACCOUNT}/${name}`);
  const template = new PolicyReader(loaded, plan, []);
  const made = calls.flatMap((call) => accessesOf({ ...call, accessKeyId: roleId }, NO_SURROUNDINGS));
  const role = template.role(roleId);
  const { missing, unused } = await checkRole(role, distinct(made), template);
  return [
    ...role.problems,
    ...missing,
    ...unused.map(({ Action: action, Resource: resource }) =>
      problem({ functionId: roleId, action, resource }, 'may', UNUSED),
    ),
  ];
}

/** Accesses that a role does not allow, and its grants that no access needs. */
interface RoleCheck {
  readonly missing: readonly Problem[];
  readonly unused: readonly Grant[];
}

/** Checks by their inputs. The variants of a template differ in one role, and share the checks of the others. */
const checks = new Map<string, Promise<RoleCheck>>();

async function checkRole(
  { statements, grants }: { readonly statements: readonly Statement[]; readonly grants: readonly Grant[] },
  made: readonly Access[],
  template: PolicyReader,
): Promise<RoleCheck> {
  const missing: Problem[] = [];
  const allowed: Access[] = [];
  for (const access of made) {
    if (await allows(statements, access, template)) allowed.push(access);
    else missing.push(problem(access, 'calls', 'which its role does not allow: add the permission in its construct'));
  }
  const unused: Grant[] = [];
  for (const grant of grants) {
    const like = allowed.filter(({ action }) => isMeant(action, grant.Action));
    const others = statements.filter((one) => one !== grant);
    if (!(await anyDenied(like, others, template))) unused.push(grant);
  }
  return { missing, unused };
}

/** Accesses of calls by their surroundings. The variants of a template share nearly all calls. */
const accessesByCall = new WeakMap<AwsCall, Map<string, Access[]>>();

/** @param key text of `around`. */
function accessesOfCall(call: AwsCall, around: Surroundings, key: string): Access[] {
  const known = accessesByCall.get(call) ?? new Map<string, Access[]>();
  accessesByCall.set(call, known);
  const accesses = known.get(key) ?? accessesOf(call, around);
  known.set(key, accesses);
  return accesses;
}

const numbers = new Map<string, number>();
/** A number that stands for a text, so that a key of many texts is short. */
function numberOf(text: string): number {
  const number = numbers.get(text) ?? numbers.size;
  numbers.set(text, number);
  return number;
}

const texts = new WeakMap<Access, string>();
/** The access as text, which identifies it. */
function textOf(access: Access): string {
  const text = texts.get(access) ?? JSON.stringify(access);
  texts.set(access, text);
  return text;
}

/** One access of EventBridge or CloudWatch for a rule or an alarm. */
interface ServiceAccess {
  readonly service: string;
  readonly sourceArn: string;
  readonly action: string;
  readonly resource: string;
}

/**
 * Compares the policies of queues, topics and their keys with the template's rules and alarms. Policies must allow every
 * access and must not name a service without an access.
 * @returns one line per problem.
 */
export async function servicePrivilegeProblems(loaded: LoadedTemplate): Promise<string[]> {
  const plan = planTemplate(loaded, (name) => `http://queues/${ACCOUNT}/${name}`);
  const template = new PolicyReader(loaded, plan, []);
  const accesses = template.serviceAccesses();
  const problems: string[] = [];
  for (const access of accesses) {
    if (await allowsService(access, template.resourcePolicy(access.resource))) continue;
    problems.push(`${access.sourceArn} calls ${access.action} on ${access.resource}, which its policy does not allow`);
  }
  for (const [resource, { Statement, ...policy }] of template.policiesOfResources()) {
    for (const statement of Statement) {
      const { Effect, Principal: { Service } = {} } = statement;
      if (Effect !== 'Allow' || Service === undefined) continue;
      const others = { ...policy, Statement: Statement.filter((one) => one !== statement) };
      const here = accesses.filter((access) => access.resource === resource);
      const denied = await Promise.all(here.map(async (access) => !(await allowsService(access, others))));
      if (!denied.includes(true)) problems.push(`the policy of ${resource} allows ${Service} more than it calls`);
    }
  }
  return problems;
}

async function allowsService({ service, sourceArn, action, resource }: ServiceAccess, resourcePolicy: unknown) {
  // EventBridge sends no source to the key of a topic (Amazon SNS, "Key management").
  const source = { 'aws:SourceArn': sourceArn, 'aws:SourceAccount': ACCOUNT };
  return isAllowed({
    request: {
      principal: service,
      action,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: { 'aws:SecureTransport': 'true', ...(sourceArn === '' ? {} : source) },
    },
    identityPolicies: [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy,
  });
}

/** Cache of decisions by simulation. The variants of a template in the tests share nearly all of them. */
const decisions = new Map<string, Promise<boolean>>();

/** Whether AWS allows the simulated request. Throws for an action or a resource that does not exist on AWS. */
function isAllowed(simulation: Simulation): Promise<boolean> {
  const key = JSON.stringify(simulation);
  const known = decisions.get(key) ?? simulate(simulation);
  decisions.set(key, known);
  return known;
}

/**
 * The simulator ignores the condition keys `kms:EncryptionContext:<key>`, because it knows keys with a variable part only
 * after a slash. It evaluates tags of the principal the same way.
 */
const withContextAsTags = (simulation: Simulation): Simulation =>
  JSON.parse(JSON.stringify(simulation).replaceAll('"kms:EncryptionContext:', '"aws:PrincipalTag/EncryptionContext-'));

async function simulate(simulation: Simulation): Promise<boolean> {
  const result = await runSimulation(withContextAsTags(simulation), {});
  if (result.resultType === 'error') {
    const { principal, action, resource } = simulation.request;
    throw new Error(`${principal} ${action} on ${resource.resource}: ${JSON.stringify(result.errors)}`);
  }
  return result.overallResult === 'Allowed';
}

export interface PrivilegeOptions {
  /** @default - none */
  readonly wildcards?: readonly Wildcard[];
  /** @default - nothing */
  readonly around?: Surroundings;
}

const UNCHECKED = "which is not checked: add the accesses of the role's owner to test/support/app/least-privilege.ts";
const UNUSED =
  'which no call needs: remove it, make the call in test/support/app/exercise.ts, or add a tolerance with its reason';

function problem(
  { functionId, action, resource }: Pick<Access, 'functionId' | 'action' | 'resource'>,
  does: string,
  what: string,
): Problem {
  return { functionId, action, resource, text: `${functionId} ${does} ${action} on ${resource}, ${what}` };
}

const isPattern = (action: string): boolean => /[*?]/.test(action);
/** Whether a statement's action covers an action. Patterns in this project end with their asterisk. */
const isMeant = (action: string, stated: string): boolean => {
  const [one, other] = [action.toLowerCase(), stated.toLowerCase()];
  return other.endsWith('*') ? one.startsWith(other.slice(0, -1)) : one === other;
};

function distinct(accesses: readonly Access[]): Access[] {
  return [...new Map(accesses.map((access) => [textOf(access), access])).values()];
}

async function anyDenied(accesses: readonly Access[], statements: readonly Statement[], template: PolicyReader) {
  for (const access of accesses) if (!(await allows(statements, access, template))) return true;
  return false;
}

/** Whether a role with these statements allows the access. Throws for an action or a resource that does not exist on AWS. */
async function allows(statements: readonly Statement[], access: Access, template: PolicyReader): Promise<boolean> {
  const { functionId, action, resource, context } = access;
  // Other statements do not affect the decision and would only take time.
  const Statement = statements.filter(
    ({ Effect, Action }) => Effect === 'Deny' || isPattern(String(Action)) || isMeant(action, String(Action)),
  );
  const policy = { Version: '2012-10-17', Statement };
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  return isAllowed({
    request: {
      principal: `arn:aws:iam::${ACCOUNT}:role/${functionId}`,
      action,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: { ...context },
    },
    identityPolicies: Statement.length > 0 ? [{ name: 'role', policy }] : [],
    serviceControlPolicies: [{ orgIdentifier: 'o', policies: [{ name: 'FullAWSAccess', policy: everything }] }],
    resourceControlPolicies: [],
    resourcePolicy: template.resourcePolicy(resource),
  });
}

/** The policies of a template with resolved values. */
class PolicyReader {
  private readonly resourcePolicies: ReadonlyMap<string, unknown>;
  private readonly usedWildcards = new Map<Wildcard, Set<string>>();

  constructor(
    private readonly loaded: LoadedTemplate,
    private readonly plan: Plan,
    private readonly wildcards: readonly Wildcard[],
  ) {
    this.resourcePolicies = new Map([
      ...this.ofType('AWS::KMS::Key').map(
        ([id, { KeyPolicy }]) => [this.resolve({ 'Fn::GetAtt': [id, 'Arn'] }), this.resolve(KeyPolicy)] as const,
      ),
      ...this.ofType('AWS::SQS::QueuePolicy').flatMap(([, { Queues, PolicyDocument }]) =>
        (this.resolve(Queues) as string[]).map((url) => [queueArn(url), this.resolve(PolicyDocument)] as const),
      ),
      ...this.ofType('AWS::SNS::TopicPolicy').flatMap(([, { Topics, PolicyDocument }]) =>
        (this.resolve(Topics) as string[]).map((arn) => [arn, this.resolve(PolicyDocument)] as const),
      ),
    ] as [string, unknown][]);
  }

  resourcePolicy(arn: string): unknown {
    return this.resourcePolicies.get(arn);
  }

  policiesOfResources(): [string, ResourcePolicy][] {
    return [...this.resourcePolicies] as [string, ResourcePolicy][];
  }

  /** Accesses of EventBridge and CloudWatch to the targets of rules and alarms, and to the targets' keys. */
  serviceAccesses(): ServiceAccess[] {
    const keys = new Map([...this.keys(), ...this.topicKeys()]);
    const use = (service: string, sourceArn: string, resource: string): ServiceAccess[] => {
      const isTopic = resource.startsWith('arn:aws:sns:');
      const action = isTopic ? 'sns:Publish' : 'sqs:SendMessage';
      const key = keys.get(resource);
      const onKey = (action: string) => ({ service, sourceArn: isTopic ? '' : sourceArn, action, resource: key ?? '' });
      return [
        { service, sourceArn, action, resource },
        ...(key === undefined ? [] : ['kms:GenerateDataKey', 'kms:Decrypt'].map(onKey)),
      ];
    };
    const rules = this.ofType('AWS::Events::Rule').flatMap(([id, { Targets }]) =>
      (Targets as Properties[]).flatMap(({ Arn, DeadLetterConfig }) =>
        [Arn, (DeadLetterConfig as Properties | undefined)?.Arn]
          .map((arn) => this.resolve(arn ?? ''))
          .filter((arn) => /^arn:aws:(sqs|sns):/.test(String(arn)))
          .flatMap((arn) =>
            use('events.amazonaws.com', this.resolve({ 'Fn::GetAtt': [id, 'Arn'] }) as string, arn as string),
          ),
      ),
    );
    const alarms = this.ofType('AWS::CloudWatch::Alarm').flatMap(([id, { AlarmActions = [], OKActions = [] }]) =>
      [...(AlarmActions as unknown[]), ...(OKActions as unknown[])].flatMap((action) =>
        use(
          'cloudwatch.amazonaws.com',
          this.resolve({ 'Fn::GetAtt': [id, 'Arn'] }) as string,
          this.resolve(action) as string,
        ),
      ),
    );
    return [...rules, ...alarms];
  }

  private topicKeys(): [string, string][] {
    return this.ofType('AWS::SNS::Topic').flatMap(([id, { KmsMasterKeyId }]) =>
      KmsMasterKeyId === undefined
        ? []
        : [[this.resolve({ Ref: id }) as string, this.resolve(KmsMasterKeyId) as string] as [string, string]],
    );
  }

  /** Actions of wildcards that no role has as a pattern. */
  unusedWildcards(): string[] {
    return this.wildcards.flatMap((one) => one.actions.filter((action) => !this.usedWildcards.get(one)?.has(action)));
  }

  setups(): FunctionSetup[] {
    return this.ofType('AWS::Lambda::Function').map(([functionId, { LoggingConfig, TracingConfig, VpcConfig }]) => ({
      functionId,
      logGroup: (this.resolve(LoggingConfig ?? {}) as { LogGroup?: string }).LogGroup,
      isTraced: (TracingConfig as { Mode?: string } | undefined)?.Mode === 'Active',
      isInVpc: VpcConfig !== undefined,
    }));
  }

  /** ARNs of customer managed keys by the ARN of the queue or table that they encrypt. */
  keys(): Map<string, string> {
    interface Encrypted {
      readonly KmsMasterKeyId?: unknown;
      readonly Replicas?: { readonly SSESpecification?: { readonly KMSMasterKeyId?: unknown } }[];
    }
    const keyOf = ({ KmsMasterKeyId, Replicas }: Encrypted) =>
      KmsMasterKeyId ?? Replicas?.[0]?.SSESpecification?.KMSMasterKeyId;
    const pairs = [...this.ofType('AWS::SQS::Queue'), ...this.ofType('AWS::DynamoDB::GlobalTable')].flatMap(
      ([id, properties]) => {
        const key = keyOf(properties);
        return key === undefined ? [] : [[this.resolve({ 'Fn::GetAtt': [id, 'Arn'] }), this.resolve(key)] as const];
      },
    );
    return new Map(pairs as [string, string][]);
  }

  /** The statements of a function's role. Each Allow statement is split into one grant per action and resource. */
  role(functionId: string): { statements: Statement[]; grants: Grant[]; problems: Problem[] } {
    const problems: Problem[] = [];
    const refuse = (action: string, resource: string, what: string) =>
      problems.push(problem({ functionId, action, resource }, 'may', what));
    const statements: Statement[] = [];
    for (const statement of this.roleStatements(functionId, refuse)) {
      if (statement.Effect === 'Deny') {
        statements.push(statement);
        continue;
      }
      for (const Action of [statement.Action ?? '*'].flat()) {
        for (const Resource of [statement.Resource ?? '*'].flat()) {
          const wildcard = this.wildcards.find((one) => one.actions.includes(Action) && one.resource(Resource));
          if (wildcard) {
            this.usedWildcards.set(wildcard, (this.usedWildcards.get(wildcard) ?? new Set()).add(Action));
          } else if (isPattern(Action)) refuse(Action, Resource, 'which is a pattern: list the actions');
          else if (Resource.includes('*') && !LOG_STREAMS.test(Resource)) {
            refuse(Action, Resource, 'which is a pattern: name the resource');
          }
          const { Effect, Condition } = statement;
          const grant: Grant = { Effect, Action, Resource, ...(Condition !== undefined && { Condition }) };
          // One key can encrypt several queues, tables or secrets. Each of them adds the same grants.
          const isRepeated = Action.startsWith('kms:') && statements.some((one) => isDeepStrictEqual(one, grant));
          if (!isRepeated) statements.push(grant);
        }
      }
    }
    const grants = statements.filter((one): one is Grant => one.Effect === 'Allow');
    return { statements, grants, problems };
  }

  private roleStatements(functionId: string, refuse: (action: string, resource: string, what: string) => void) {
    const roleId = this.roleOf(functionId);
    const { Policies = [], ManagedPolicyArns = [] } = this.properties(roleId);
    const isOfRole = ({ Roles = [] }: Properties) =>
      (Roles as { Ref?: string }[]).some(({ Ref: name }) => name === roleId);
    const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']
      .flatMap((type) => this.ofType(type).map(([, properties]) => properties))
      .filter(isOfRole);
    for (const policyArn of this.resolve(ManagedPolicyArns) as string[]) {
      refuse('use every action of', policyArn, 'a policy outside the template: write its statements');
    }
    const documents = [...(Policies as Properties[]), ...attached].map(({ PolicyDocument }) => PolicyDocument);
    return documents.flatMap((one) => [(this.resolve(one) as { Statement: Statement | Statement[] }).Statement].flat());
  }

  /** Logical ids of EventBridge Scheduler's roles. Accesses have them as `functionId`. */
  schedulerRoles(): string[] {
    return [...new Set(this.schedules().map(({ roleId }) => roleId))];
  }

  /** Accesses of EventBridge Scheduler (user guide, "Setting up the execution role" and "Configuring a dead-letter queue"). */
  accessesOfSchedules(): Access[] {
    return this.schedules().flatMap(({ roleId: functionId, queues }) =>
      queues.map((resource) => ({ functionId, action: 'sqs:SendMessage', resource, context: BY_TLS })),
    );
  }

  private schedules(): { roleId: string; queues: string[] }[] {
    return this.ofType('AWS::Scheduler::Schedule').map(([id, { Target }]) => {
      const { Arn, RoleArn, DeadLetterConfig } = Target as Properties;
      const roleId = (RoleArn as { 'Fn::GetAtt'?: [string, string] })['Fn::GetAtt']?.[0];
      if (roleId === undefined) throw new Error(`the role of ${id} is not in the template`);
      const queues = [Arn, (DeadLetterConfig as Properties).Arn].map((arn) => this.resolve(arn) as string);
      return { roleId, queues };
    });
  }

  /** A problem for each role that belongs neither to a function nor to EventBridge Scheduler. */
  uncheckedRoles(ids: readonly string[]): Problem[] {
    const known = ids.map((id) => this.roleOf(id));
    return this.ofType('AWS::IAM::Role')
      .filter(([id]) => !known.includes(id))
      .map(([functionId]) => problem({ functionId, action: 'all', resource: 'its policies' }, 'may', UNCHECKED));
  }

  private roleOf(functionId: string): string {
    if (this.loaded.template.Resources[functionId]?.Type === 'AWS::IAM::Role') return functionId;
    const reference = this.properties(functionId).Role as { 'Fn::GetAtt'?: [string, string] };
    const roleId = reference['Fn::GetAtt']?.[0];
    if (roleId === undefined) throw new Error(`the role of ${functionId} is not in the template`);
    return roleId;
  }

  private properties(logicalId: string): Properties {
    return (this.loaded.template.Resources[logicalId] as ResourceDefinition).Properties ?? {};
  }

  private ofType(type: string): [string, Properties][] {
    return Object.entries(this.loaded.template.Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties = {} }]) => [id, Properties]);
  }

  private resolve(value: unknown): unknown {
    return this.plan.resolve(value, 'policy');
  }
}

type Properties = Readonly<Record<string, unknown>>;
