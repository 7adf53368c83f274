import { arnOf, type PhysicalResource, physicalName, type ResolvedResource, type StackContext } from './resource-type';

/** Maximum length of a role's name, which is the shortest of these types. */
const MAX_NAME = 64;

/** Names and ARNs of ignored resources, which other resources can reference. */
export function ignoredResource(resource: ResolvedResource, stack: StackContext): PhysicalResource {
  const name = physicalName(stack.stackName, resource.logicalId, MAX_NAME);
  switch (resource.type) {
    case 'AWS::IAM::Role':
      return { ref: name, attributes: { Arn: `arn:aws:iam::${stack.account}:role/${name}`, RoleId: name } };
    case 'AWS::IAM::ManagedPolicy': {
      const arn = `arn:aws:iam::${stack.account}:policy/${name}`;
      return { ref: arn, attributes: { PolicyArn: arn } };
    }
    case 'AWS::Logs::LogGroup':
      return { ref: name, attributes: { Arn: arnOf(stack, 'logs', `log-group:${name}:*`) } };
    case 'AWS::SNS::Topic': {
      const arn = arnOf(stack, 'sns', name);
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    }
    case 'AWS::CloudWatch::Alarm':
      return { ref: name, attributes: { Arn: arnOf(stack, 'cloudwatch', `alarm:${name}`) } };
    case 'AWS::EventSchemas::Registry': {
      const arn = arnOf(stack, 'schemas', `registry/${name}`);
      return { ref: arn, attributes: { RegistryArn: arn, RegistryName: name } };
    }
    case 'AWS::Events::Archive':
      return { ref: name, attributes: { Arn: arnOf(stack, 'events', `archive/${name}`) } };
    default:
      return { ref: name, attributes: {} };
  }
}
