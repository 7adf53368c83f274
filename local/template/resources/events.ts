import { DEFAULT_BUS } from '../../bus/event-bus';
import { checkInputTransformer, type InputTransformer } from '../../bus/input-template';
import { checkPattern, type EventPattern } from '../../bus/pattern';
import type { PolicyStatement } from '../../bus/permissions';
import { rateMs } from '../../bus/schedule';
import { TemplateError } from '../../shared/user-error';
import type { Plan, RuleTarget } from '../model/plan';
import type { Properties } from '../model/properties';
import { arnOf, nameOf, type ResourceType } from './resource-type';

/** Maximum characters of a rule's name (EventBridge API reference, PutRule). */
const MAX_RULE_NAME = 64;
/** See `IGNORED.deliveryRetries`. */
const MAX_RETRIES = 3;
/** Default retries of a target (EventBridge API reference, RetryPolicy). */
const DEFAULT_RETRIES = 185;

export const eventBus: ResourceType = {
  properties: {
    Name: true,
    Description: 'description',
    KmsKeyIdentifier: 'encryptionAtRest',
    LogConfig: 'logs',
    Policy: true,
    Tags: 'tags',
  },
  declare({ logicalId, properties }, stack, plan) {
    const name = properties.text('Name');
    const arn = arnOf(stack, 'events', `event-bus/${name}`);
    plan.buses.push({ logicalId, name, arn });
    const { Statement } = properties.object('Policy').all;
    addStatements(plan, name, [Statement ?? []].flat() as PolicyStatement[]);
    return { ref: name, attributes: { Arn: arn, Name: name } };
  },
};

/** A statement of a bus's policy, or the older form with a principal and a condition. */
export const eventBusPolicy: ResourceType = {
  properties: {
    EventBusName: true,
    StatementId: true,
    Statement: true,
    Action: true,
    Principal: true,
    Condition: { Type: true, Key: true, Value: true },
  },
  declare({ properties }, stack, plan) {
    const name = nameOfBus(properties.optionalText('EventBusName'));
    const { Statement } = properties.all;
    addStatements(plan, name, [
      (Statement ?? olderStatement(properties, arnOf(stack, 'events', `event-bus/${name}`))) as PolicyStatement,
    ]);
    return { ref: properties.text('StatementId'), attributes: {} };
  },
};

/** EventBridge API reference, PutPermission: the principal is an account or `*`, and the condition is about the organization. */
function olderStatement(properties: Properties, busArn: string): PolicyStatement {
  const principal = properties.text('Principal');
  const condition = properties.object('Condition');
  return {
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: principal },
    Action: properties.text('Action'),
    Resource: busArn,
    ...(properties.has('Condition') && {
      Condition: { [condition.text('Type')]: { [condition.text('Key')]: condition.text('Value') } },
    }),
  };
}

function addStatements(plan: Plan, busName: string, statements: readonly PolicyStatement[]): void {
  plan.busPolicies.set(busName, [...(plan.busPolicies.get(busName) ?? []), ...statements]);
}

export const rule: ResourceType = {
  properties: {
    Name: true,
    EventBusName: true,
    EventPattern: true,
    ScheduleExpression: true,
    State: true,
    Targets: [
      {
        Arn: true,
        Id: true,
        Input: true,
        InputTransformer: { InputTemplate: true, InputPathsMap: true },
        DeadLetterConfig: { Arn: true },
        RetryPolicy: { MaximumRetryAttempts: true, MaximumEventAgeInSeconds: 'deliveryRetries' },
        SqsParameters: { MessageGroupId: true },
        RoleArn: true,
      },
    ],
    Description: 'description',
    Tags: 'tags',
  },
  declare(resource, stack, plan) {
    const { logicalId, properties } = resource;
    const name = nameOf(resource, stack, 'Name', MAX_RULE_NAME);
    const busName = nameOfBus(properties.optionalText('EventBusName'));
    const isDefault = busName === DEFAULT_BUS;
    const arn = arnOf(stack, 'events', `rule/${isDefault ? name : `${busName}/${name}`}`);
    plan.rules.push({
      logicalId,
      arn,
      busName,
      enabled: enabled(properties),
      pattern: pattern(properties),
      everyMs: period(properties, isDefault),
      // See `IGNORED.topics`.
      targets: properties.objects('Targets').filter(isNoTopic).map(target),
    });
    // Return values of AWS::Events::Rule: the name, prefixed with the bus unless it is the default bus.
    return { ref: isDefault ? name : `${busName}|${name}`, attributes: { Arn: arn } };
  },
};

/** A rule specifies its bus by name or ARN. */
function nameOfBus(nameOrArn: string | undefined): string {
  return nameOrArn?.replace(/^arn:.*:event-bus\//, '') ?? DEFAULT_BUS;
}

function enabled(properties: Properties): boolean {
  const state = properties.optionalText('State') ?? 'ENABLED';
  if (state !== 'ENABLED' && state !== 'DISABLED') {
    throw new TemplateError(`${properties.where}.State`, `the local run does not implement the state ${state}`);
  }
  return state === 'ENABLED';
}

function pattern(properties: Properties): EventPattern | undefined {
  if (!properties.has('EventPattern')) return undefined;
  const value = properties.object('EventPattern');
  try {
    checkPattern(value.all);
  } catch (error) {
    throw new TemplateError(value.where, (error as Error).message);
  }
  return value.all;
}

function period(properties: Properties, onDefaultBus: boolean): number | undefined {
  const expression = properties.optionalText('ScheduleExpression');
  if (expression === undefined) {
    if (!properties.has('EventPattern')) {
      throw new TemplateError(properties.where, 'has neither EventPattern nor ScheduleExpression');
    }
    return undefined;
  }
  const where = `${properties.where}.ScheduleExpression`;
  if (!onDefaultBus) throw new TemplateError(where, 'EventBridge runs schedules only on the default bus');
  try {
    return rateMs(expression);
  } catch (error) {
    throw new TemplateError(where, (error as Error).message);
  }
}

const isNoTopic = (properties: Properties): boolean => !/^arn:[^:]+:sns:/.test(properties.text('Arn'));

function target(properties: Properties): RuleTarget {
  const declared = properties.object('RetryPolicy').number('MaximumRetryAttempts', DEFAULT_RETRIES);
  return {
    where: properties.where,
    arn: properties.text('Arn'),
    input: properties.optionalText('Input'),
    inputTransformer: inputTransformer(properties),
    messageGroupId: properties.object('SqsParameters').optionalText('MessageGroupId'),
    deadLetterArn: properties.object('DeadLetterConfig').optionalText('Arn'),
    retries: Math.min(declared, MAX_RETRIES),
    roleArn: properties.optionalText('RoleArn'),
  };
}

function inputTransformer(target: Properties): InputTransformer | undefined {
  if (!target.has('InputTransformer')) return undefined;
  const declared = target.object('InputTransformer');
  const map = declared.object('InputPathsMap');
  const paths = Object.fromEntries(Object.keys(map.all).map((name) => [name, map.text(name)]));
  const transformer = { template: declared.text('InputTemplate'), paths };
  try {
    checkInputTransformer(transformer);
  } catch (error) {
    throw new TemplateError(declared.where, (error as Error).message);
  }
  return transformer;
}
