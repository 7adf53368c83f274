import { checkInputTransformer, type InputTransformer } from '../../bus/input-template';
import { checkPattern, type EventPattern } from '../../bus/pattern';
import { rateMs } from '../../bus/schedule';
import { TemplateError } from '../../shared/user-error';
import type { RuleTarget } from '../model/plan';
import type { Properties } from '../model/properties';
import { physicalName, type ResourceType } from './resource-type';

/** Characters of a rule's name (EventBridge API reference, PutRule). */
const MAX_RULE_NAME = 64;
/** See `deliveryRetries` in the list of what is ignored. */
const MAX_RETRIES = 3;
/** Retries that a target has when it declares none (EventBridge API reference, RetryPolicy). */
const DEFAULT_RETRIES = 185;

/** `AWS::Events::EventBus` */
export const eventBus: ResourceType = {
  properties: {
    Name: true,
    Description: 'description',
    KmsKeyIdentifier: 'encryptionAtRest',
    LogConfig: 'logs',
    Policy: 'resourcePolicy',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, { account, region }, plan) {
    const name = properties.text('Name');
    const arn = `arn:aws:events:${region}:${account}:event-bus/${name}`;
    plan.buses.push({ logicalId, name, arn });
    return { ref: name, attributes: { Arn: arn, Name: name } };
  },
};

/** `AWS::Events::Rule` */
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
      },
    ],
    Description: 'description',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, { stackName, account, region }, plan) {
    const name = properties.optionalText('Name') ?? physicalName(stackName, logicalId, MAX_RULE_NAME);
    const busName = nameOfBus(properties.optionalText('EventBusName'));
    const isDefault = busName === 'default';
    const arn = `arn:aws:events:${region}:${account}:rule/${isDefault ? name : `${busName}/${name}`}`;
    plan.rules.push({
      logicalId,
      arn,
      busName,
      enabled: enabled(properties),
      pattern: pattern(properties),
      everyMs: period(properties, isDefault),
      // See `topics` in the list of what is ignored.
      targets: properties.objects('Targets').filter(isNoTopic).map(target),
    });
    // Return values of AWS::Events::Rule: the name, with the bus in front when it is not the default bus.
    return { ref: isDefault ? name : `${busName}|${name}`, attributes: { Arn: arn } };
  },
};

/** A rule names its bus or gives its ARN. */
function nameOfBus(nameOrArn: string | undefined): string {
  return nameOrArn?.replace(/^arn:.*:event-bus\//, '') ?? 'default';
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
  if (!onDefaultBus) throw new TemplateError(where, 'EventBridge runs schedules on the default bus only');
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
