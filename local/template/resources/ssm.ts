import type { ParameterInput } from '../../engines/services/ssm';
import { TemplateError } from '../../shared/user-error';
import { arnOf, nameOf, type ResourceType } from './resource-type';

/** Maximum characters of a parameter's name (Systems Manager API reference, PutParameter). */
const MAX_PARAMETER_NAME = 1011;

/** `AWS::SSM::Parameter`. CloudFormation cannot create a SecureString. */
export const parameter: ResourceType = {
  properties: {
    Name: true,
    Type: true,
    Value: true,
    Description: 'description',
    DataType: 'description',
    Tier: 'capacity',
    Tags: 'tags',
  },
  declare(resource, stack, plan) {
    const { properties } = resource;
    const name = nameOf(resource, stack, 'Name', MAX_PARAMETER_NAME);
    const type = properties.text('Type');
    if (type !== 'String' && type !== 'StringList') {
      throw new TemplateError(`${properties.where}.Type`, `must be String or StringList, not ${JSON.stringify(type)}`);
    }
    const value = properties.text('Value');
    plan.parameters.push({ ...parameterOf(name, value, stack.account, stack.region), type });
    return { ref: name, attributes: { Type: type, Value: value } };
  },
};

/** A SecureString by its name or ARN. */
export function parameterOf(nameOrArn: string, value: string, account: string, region: string): ParameterInput {
  const [, path] = /^arn:[^:]+:ssm:[^:]+:\d+:parameter(\/.+)$/.exec(nameOrArn) ?? [];
  if (path !== undefined) return { name: path, arn: nameOrArn, type: 'SecureString', value };
  const arn = arnOf({ account, region }, 'ssm', `parameter/${nameOrArn.replace(/^\//, '')}`);
  return { name: nameOrArn, arn, type: 'SecureString', value };
}
