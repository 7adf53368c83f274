import { DEFAULT_BUS } from '../bus/event-bus';
import type { EventSourceInput } from '../engines/functions/event-source';
import { ACCOUNT, type Environment, REGION } from '../shared/environment';
import { TemplateError } from '../shared/user-error';
import { resolve, resolveCondition, type Scope } from './intrinsics';
import { IGNORED_TYPES } from './model/ignored';
import type { Plan, RuleTarget } from './model/plan';
import { Properties, pick } from './model/properties';
import { dependencyOrder } from './order';
import { resourceType } from './resources';
import { ignoredResource } from './resources/ignored';
import type { PhysicalResource, StackContext } from './resources/resource-type';
import { statementsOfRole } from './roles';
import type { LoadedTemplate, ResourceDefinition } from './template';

const LOCAL: Environment = { account: ACCOUNT, region: REGION };

export const stackId = (stackName: string, { account, region }: Environment): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/local`;

export const busArn = ({ account, region }: Environment, name: string): string =>
  `arn:aws:events:${region}:${account}:event-bus/${name}`;

/** ARNs of the buses of a plan, with the default bus. */
export const busArnsOf = ({ buses, environment }: Pick<Plan, 'buses' | 'environment'>): string[] => [
  busArn(environment, DEFAULT_BUS),
  ...buses.map(({ arn }) => arn),
];

/** What to do without a resource type that the connector can declare. */
const ADVICE: Readonly<Record<string, string | undefined>> = {
  'AWS::ApiGatewayV2::Authorizer': 'run an app without gatewayAuthorizer',
  'AWS::ApiGatewayV2::ApiMapping': 'run an app without domainName',
  'AWS::ApiGatewayV2::DomainName': 'run an app without domainName',
};

/** Default visibility timeout (SQS API reference, CreateQueue). */
const DEFAULT_VISIBILITY_SECONDS = 30;

/**
 * Converts a template to a plan, without starting anything. Throws `TemplateError` for the first error or unsupported
 * feature: a resource type, property, value, intrinsic function or unknown name.
 * @param queueUrl returns a queue's URL by its name.
 * @param apiUrl returns the address of an HTTP API by its logical id.
 * @param isAppBus whether an ARN is that of a bus of another stack of the app.
 */
export function planTemplate(
  loaded: LoadedTemplate,
  queueUrl: (name: string) => string,
  apiUrl: (logicalId: string) => string = (id) => `https://${id.toLowerCase()}.execute-api.${REGION}.amazonaws.com`,
  isAppBus: (arn: string) => boolean = () => false,
): Plan {
  const { template, stackName, directory, assets, environment = LOCAL } = loaded;
  const stack: StackContext = { stackName, ...environment, directory, assets, queueUrl, apiUrl };
  const created = new Map<string, PhysicalResource>();
  const scope = templateScope(loaded, created);
  const plan: Plan = {
    environment,
    buses: [],
    busPolicies: new Map(),
    roles: new Map(),
    rules: [],
    schedules: [],
    queues: [],
    tables: [],
    functions: [],
    eventSources: [],
    keys: [],
    apis: [],
    integrations: new Map(),
    secrets: [],
    parameters: [],
    customResources: [],
    physicalIds: new Map(),
    outputs: {},
    resolve: (value, where) => resolve(value, scope, where),
  };

  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    if (!resourceType(Type) && !Object.hasOwn(IGNORED_TYPES, Type)) {
      const advice = ADVICE[Type];
      throw new TemplateError(
        logicalId,
        `the local run does not implement the resource type ${Type}${advice === undefined ? '' : `: ${advice}`}`,
      );
    }
  }
  for (const logicalId of dependencyOrder(template.Resources)) {
    const definition = template.Resources[logicalId] as ResourceDefinition;
    if (definition.Condition !== undefined && !scope.condition(definition.Condition)) continue;
    const physical = declare(logicalId, definition, scope, stack, plan);
    created.set(logicalId, physical);
    if (physical.ref !== undefined) plan.physicalIds.set(logicalId, physical.ref);
  }
  for (const [name, output] of Object.entries(template.Outputs ?? {})) {
    if (output.Condition === undefined || scope.condition(output.Condition)) {
      plan.outputs[name] = String(resolve(output.Value, scope, `Outputs.${name}`));
    }
  }
  const ownBuses = busArnsOf(plan);
  checkConnections(plan, (arn) => ownBuses.includes(arn) || isAppBus(arn));
  for (const { roleArn, where } of plan.rules.flatMap(({ targets }) => targets).filter(isBus)) {
    if (roleArn !== undefined) plan.roles.set(roleArn, statementsOfRole(roleArn, loaded, plan, where));
  }
  return plan;
}

function declare(
  logicalId: string,
  definition: ResourceDefinition,
  scope: Scope,
  stack: StackContext,
  plan: Plan,
): PhysicalResource {
  const metadata = definition.Metadata ?? {};
  const { Type, Properties: given = {} } = definition;
  const type = resourceType(Type);
  if (!type) {
    return ignoredResource({ logicalId, type: Type, metadata, properties: new Properties({}, logicalId) }, stack);
  }
  const used = type.properties === 'any' ? given : pick(given, type.properties, logicalId);
  const properties = new Properties(resolve(used, scope, logicalId) as Record<string, unknown>, logicalId);
  return type.declare({ logicalId, type: Type, metadata, properties }, stack, plan);
}

function templateScope(loaded: LoadedTemplate, created: ReadonlyMap<string, PhysicalResource>): Scope {
  const { template, stackName, environment = LOCAL } = loaded;
  const pseudo: Readonly<Record<string, string | undefined>> = {
    'AWS::AccountId': environment.account,
    'AWS::Region': environment.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': stackId(stackName, environment),
    'AWS::NoValue': undefined,
  };
  const physical = (logicalId: string): PhysicalResource => {
    const found = created.get(logicalId);
    if (!found) {
      throw new Error(
        template.Resources[logicalId]
          ? `the condition of ${logicalId} is false`
          : `${logicalId} is neither a resource nor a parameter of the template`,
      );
    }
    return found;
  };
  const scope: Scope = {
    ref(name) {
      if (Object.hasOwn(pseudo, name)) return pseudo[name];
      const parameter = template.Parameters?.[name];
      if (!parameter) {
        const { ref } = physical(name);
        if (ref === undefined) throw new Error(`the local run does not implement references to ${name}`);
        return ref;
      }
      if (parameter.Default === undefined || parameter.Type.startsWith('AWS::SSM::')) {
        throw new Error(`the local run does not implement the parameter ${name}: it has no literal default value`);
      }
      return parameter.Default;
    },
    attribute(logicalId, name) {
      const value = physical(logicalId).attributes[name];
      if (value === undefined) {
        const type = template.Resources[logicalId]?.Type;
        throw new Error(`the local run does not implement the attribute ${name} of ${logicalId} (${type})`);
      }
      return value;
    },
    condition(name) {
      if (!Object.hasOwn(template.Conditions ?? {}, name))
        throw new Error(`${name} is not a condition of the template`);
      return resolveCondition(template.Conditions?.[name], scope, `Conditions.${name}`);
    },
  };
  return scope;
}

/** Whether a rule's target is an event bus. */
export const isBus = ({ arn }: Pick<RuleTarget, 'arn'>): boolean => /^arn:[^:]+:events:[^:]*:\d*:event-bus\//.test(arn);

/** Checks that the targets of all references by ARN or name are in the template, or are buses of the app. */
function checkConnections(plan: Plan, isKnownBus: (arn: string) => boolean): void {
  const queues = new Set(plan.queues.map((queue) => queue.arn));
  const functions = new Set(plan.functions.map((one) => one.arn));
  const checkQueue = (arn: string | undefined, where: string) => {
    if (arn !== undefined && !queues.has(arn)) throw new TemplateError(where, `${arn} is not a queue of the template`);
  };
  for (const queue of plan.queues) checkQueue(queue.deadLetterArn, `${queue.logicalId}.RedrivePolicy`);
  for (const rule of plan.rules) {
    if (!isKnownBus(busArn(plan.environment, rule.busName))) {
      throw new TemplateError(`${rule.logicalId}.EventBusName`, `${rule.busName} is not an event bus of the template`);
    }
    for (const target of rule.targets) {
      if (isBus(target)) checkBusTarget(target, isKnownBus);
      else if (!queues.has(target.arn) && !functions.has(target.arn)) {
        throw new TemplateError(
          target.where,
          `the local run implements only queues and functions of the template as targets, not ${target.arn}`,
        );
      }
      checkQueue(target.deadLetterArn, `${target.where}.DeadLetterConfig`);
    }
  }
  for (const { logicalId, routes } of plan.apis) {
    for (const { routeKey, functionArn } of routes) {
      if (!functions.has(functionArn)) {
        throw new TemplateError(logicalId, `the function of ${routeKey}, ${functionArn}, is not in the template`);
      }
    }
  }
  for (const { logicalId, queueArn } of plan.schedules) checkQueue(queueArn, `${logicalId}.Target.Arn`);
  for (const source of plan.eventSources) {
    checkQueue(source.queueArn, `${source.logicalId}.EventSourceArn`);
    checkVisibility(plan, source);
    if (!functions.has(source.functionArn)) {
      throw new TemplateError(
        `${source.logicalId}.FunctionName`,
        `${source.functionArn} is not a function of the template`,
      );
    }
  }
}

/** EventBridge requires a role for a target that is a bus, and rejects another input (API reference, PutTargets). */
function checkBusTarget(
  { arn, roleArn, input, inputTransformer, where }: RuleTarget,
  isKnownBus: (arn: string) => boolean,
): void {
  if (!isKnownBus(arn)) throw new TemplateError(where, `${arn} is not an event bus of the app`);
  if (roleArn === undefined) throw new TemplateError(where, 'a target that is an event bus needs a RoleArn');
  if (input !== undefined || inputTransformer) {
    throw new TemplateError(where, 'EventBridge does not change the input of a target that is an event bus');
  }
}

/** Lambda rejects a mapping whose queue could redeliver a message while the function still processes it. */
function checkVisibility(plan: Plan, source: EventSourceInput): void {
  const queue = plan.queues.find(({ arn }) => arn === source.queueArn);
  const visibility = Number(queue?.attributes.VisibilityTimeout ?? DEFAULT_VISIBILITY_SECONDS);
  const timeout = plan.functions.find(({ arn }) => arn === source.functionArn)?.timeoutSeconds ?? 0;
  if (visibility < timeout) {
    throw new TemplateError(
      source.logicalId,
      `the visibility timeout of ${queue?.logicalId} (${visibility} s) is less than the function's timeout (${timeout} s)`,
    );
  }
}
