import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { AwsCall } from '../../local/engines/calls';
import { ACCOUNT, planTemplate } from '../../local/template/plan';
import type { Plan } from '../../local/template/planned';
import type { LoadedTemplate, ResourceDefinition } from '../../local/template/template';
import { type Access, accessesOf, accessesOfLambda, accessesViaServices, queueArn } from './aws-access';

/** One statement of a policy, its values resolved. */
interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: unknown;
}

/** One action on one resource that a statement allows. */
interface Grant extends Statement {
  readonly Action: string;
  readonly Resource: string;
}

/** Something that a function's role lacks, or has for nothing. */
export interface Problem {
  readonly functionId: string;
  readonly action: string;
  readonly resource: string;
  readonly text: string;
}

/** A grant that nothing uses and that stays. */
export interface Tolerance {
  readonly actions: readonly string[];
  /** Whether a resource is what the tolerance is for. */
  readonly resource: (arn: string, functionId: string, plan: Plan) => boolean;
  readonly reason: string;
}

const isEventSource = (arn: string, functionId: string, plan: Plan): boolean =>
  plan.eventSources.some(
    ({ queueArn: source, functionArn }) =>
      source === arn && functionArn === plan.functions.find((one) => one.logicalId === functionId)?.arn,
  );

/** The whole list of what a role may have and not use. One that is not needed any more is a problem, too. */
export const TOLERANCES: readonly Tolerance[] = [
  {
    actions: ['sqs:ChangeMessageVisibility', 'sqs:GetQueueUrl'],
    resource: isEventSource,
    reason: "CDK's SqsEventSource grants all that a consumer may need; on that queue alone, they give nothing away",
  },
];

/** A log group's streams have no other ARN than one with an asterisk. */
const LOG_STREAMS = /^arn:aws:logs:[^*]*:log-group:[^*]*:\*$/;

/** Actions that know no resource (Service Authorization Reference, STS and X-Ray): a policy can only say `*`. */
const WITHOUT_RESOURCES = ['sts:GetWebIdentityToken', 'xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/**
 * Holds the functions' roles against what the functions did: whatever they call must be allowed, whatever is allowed must be
 * called.
 * @param calls what the local run's endpoints got; calls of others than functions do not matter.
 * @returns one problem for each call that a role does not allow, each grant that no call needs, and what cannot be checked.
 */
export async function privilegeProblems(loaded: LoadedTemplate, calls: readonly AwsCall[]): Promise<Problem[]> {
  const plan = planTemplate(loaded, (name) => `http://queues/${ACCOUNT}/${name}`);
  const template = new PolicyReader(loaded, plan);
  const functionIds = plan.functions.map(({ logicalId }) => logicalId);
  const seen = calls.filter(({ accessKeyId }) => functionIds.includes(accessKeyId)).flatMap(accessesOf);
  const accesses = distinct([
    ...seen,
    ...accessesViaServices(seen, template.encryptionKeys()),
    ...accessesOfLambda(plan, template.logGroups(), template.traced()),
  ]);
  const tolerated = new Set<string>();
  const problems: Problem[] = [];
  for (const functionId of functionIds) {
    const role = template.role(functionId);
    problems.push(...role.problems);
    const made = accesses.filter((access) => access.functionId === functionId);
    const allowed: Access[] = [];
    for (const access of made) {
      if (await allows(role.statements, access, template)) allowed.push(access);
      else
        problems.push(problem(access, 'calls', 'which its role does not allow: allow it where its construct is made'));
    }
    for (const grant of role.grants) {
      const like = allowed.filter(({ action }) => sameText(action, grant.Action));
      const others = role.statements.filter((one) => one !== grant);
      if (await anyDenied(like, others, template)) continue;
      const { Action: action, Resource: resource } = grant;
      if (TOLERANCES.some((one) => one.actions.includes(action) && one.resource(resource, functionId, plan))) {
        tolerated.add(action);
      } else problems.push(problem({ functionId, action, resource }, 'may', UNUSED));
    }
  }
  for (const action of TOLERANCES.flatMap(({ actions }) => actions).filter((one) => !tolerated.has(one))) {
    const text = `no role has ${action} for nothing any more: take the tolerance away`;
    problems.push({ functionId: '', action, resource: '', text });
  }
  return problems;
}

const UNUSED =
  'which no call needs: take it away, or have test/support/exercise.ts make the call, or add a tolerance with its reason';

function problem(
  { functionId, action, resource }: Pick<Access, 'functionId' | 'action' | 'resource'>,
  does: string,
  what: string,
): Problem {
  return { functionId, action, resource, text: `${functionId} ${does} ${action} on ${resource}, ${what}` };
}

const isPattern = (action: string): boolean => /[*?]/.test(action);
const sameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function distinct(accesses: readonly Access[]): Access[] {
  return [...new Map(accesses.map((access) => [JSON.stringify(access), access])).values()];
}

async function anyDenied(accesses: readonly Access[], statements: readonly Statement[], template: PolicyReader) {
  for (const access of accesses) if (!(await allows(statements, access, template))) return true;
  return false;
}

/** Whether a role with these statements may do that. Throws for an action or a resource that AWS does not have. */
async function allows(statements: readonly Statement[], access: Access, template: PolicyReader): Promise<boolean> {
  const { functionId, action, resource, context } = access;
  // Only these can matter; the rest would cost time.
  const Statement = statements.filter(
    ({ Effect, Action }) => Effect === 'Deny' || isPattern(String(Action)) || sameText(String(Action), action),
  );
  const policy = { Version: '2012-10-17', Statement };
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const result = await runSimulation(
    {
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
    },
    {},
  );
  if (result.resultType === 'error') {
    throw new Error(`${functionId} ${action} on ${resource} cannot be evaluated: ${JSON.stringify(result.errors)}`);
  }
  return result.overallResult === 'Allowed';
}

/** The policies of a template, their values resolved. */
class PolicyReader {
  private readonly resourcePolicies: ReadonlyMap<string, unknown>;

  constructor(
    private readonly loaded: LoadedTemplate,
    private readonly plan: Plan,
  ) {
    this.resourcePolicies = new Map([
      ...this.ofType('AWS::KMS::Key').map(
        ([id, { KeyPolicy }]) => [this.resolve({ 'Fn::GetAtt': [id, 'Arn'] }), this.resolve(KeyPolicy)] as const,
      ),
      ...this.ofType('AWS::SQS::QueuePolicy').flatMap(([, { Queues, PolicyDocument }]) =>
        (this.resolve(Queues) as string[]).map((url) => [queueArn(url), this.resolve(PolicyDocument)] as const),
      ),
    ] as [string, unknown][]);
  }

  resourcePolicy(arn: string): unknown {
    return this.resourcePolicies.get(arn);
  }

  /** Names of the functions' log groups, by the functions' logical ids. */
  logGroups(): Map<string, string> {
    const groups = this.ofType('AWS::Lambda::Function').map(
      ([id, { LoggingConfig }]) => [id, (this.resolve(LoggingConfig ?? {}) as { LogGroup?: string }).LogGroup] as const,
    );
    return new Map(groups.filter((one): one is [string, string] => one[1] !== undefined));
  }

  /** Logical ids of the functions that X-Ray traces. */
  traced(): string[] {
    return this.ofType('AWS::Lambda::Function')
      .filter(([, { TracingConfig }]) => (TracingConfig as Properties | undefined)?.Mode === 'Active')
      .map(([id]) => id);
  }

  /** ARNs of customers' keys, by the ARNs of the secrets that they encrypt. */
  encryptionKeys(): Map<string, string> {
    return new Map(
      this.ofType('AWS::SecretsManager::Secret')
        .filter(([, { KmsKeyId }]) => KmsKeyId !== undefined)
        .map(([id, { KmsKeyId }]) => [String(this.resolve({ Ref: id })), String(this.resolve(KmsKeyId))]),
    );
  }

  /** What a function's role may do: all statements, those that allow one action on one resource each. */
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
          if (isPattern(Action)) refuse(Action, Resource, 'which is a pattern: write each action');
          const hasNone = Resource === '*' && WITHOUT_RESOURCES.includes(Action);
          if (Resource.includes('*') && !LOG_STREAMS.test(Resource) && !hasNone) {
            refuse(Action, Resource, 'which is a pattern: write the resource that is meant');
          }
          const { Effect, Condition } = statement;
          statements.push({ Effect, Action, Resource, ...(Condition !== undefined && { Condition }) } satisfies Grant);
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
      refuse('whatever it says', policyArn, 'a policy that is not written in the template: write its statements');
    }
    const documents = [...(Policies as Properties[]), ...attached].map(({ PolicyDocument }) => PolicyDocument);
    return documents.flatMap((one) => [(this.resolve(one) as { Statement: Statement | Statement[] }).Statement].flat());
  }

  private roleOf(functionId: string): string {
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
