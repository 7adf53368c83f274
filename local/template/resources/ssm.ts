import type { ParameterInput } from '../../engines/services/ssm';
import { TemplateError } from '../../shared/user-error';
import { physicalName, type ResourceType } from './resource-type';

/** Characters of a parameter's name (Systems Manager API reference, PutParameter). */
const MAX_PARAMETER_NAME = 1011;

/** `AWS::SSM::Parameter`; CloudFormation makes no SecureString. */
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
  declare({ logicalId, properties }, { stackName, account, region }, plan) {
    const name = properties.optionalText('Name') ?? physicalName(stackName, logicalId, MAX_PARAMETER_NAME);
    const type = properties.text('Type');
    if (type !== 'String' && type !== 'StringList') {
      throw new TemplateError(`${properties.where}.Type`, `must be String or StringList, not ${JSON.stringify(type)}`);
    }
    const value = properties.text('Value');
    plan.parameters.push({ ...parameterOf(name, value, account, region), type });
    return { ref: name, attributes: { Type: type, Value: value } };
  },
};

/** A SecureString of a name or, where it has one already, of an ARN. */
export function parameterOf(nameOrArn: string, value: string, account: string, region: string): ParameterInput {
  const [, path] = /^arn:[^:]+:ssm:[^:]+:\d+:parameter(\/.+)$/.exec(nameOrArn) ?? [];
  if (path !== undefined) return { name: path, arn: nameOrArn, type: 'SecureString', value };
  const arn = `arn:aws:ssm:${region}:${account}:parameter/${nameOrArn.replace(/^\//, '')}`;
  return { name: nameOrArn, arn, type: 'SecureString', value };
}
