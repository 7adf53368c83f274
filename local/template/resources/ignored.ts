import type { PhysicalResource, ResolvedResource, StackContext } from './resource-type';
import { physicalName } from './resource-type';

/** Longest name of the types here (log groups; roles take 64). */
const MAX_NAME = 64;

/** Names and ARNs of resources that have no effect, for those who refer to them. */
export function ignoredResource(resource: ResolvedResource, stack: StackContext): PhysicalResource {
  const name = physicalName(stack.stackName, resource.logicalId, MAX_NAME);
  const { account, region } = stack;
  switch (resource.type) {
    case 'AWS::IAM::Role':
      return { ref: name, attributes: { Arn: `arn:aws:iam::${account}:role/${name}`, RoleId: name } };
    case 'AWS::IAM::ManagedPolicy': {
      const arn = `arn:aws:iam::${account}:policy/${name}`;
      return { ref: arn, attributes: { PolicyArn: arn } };
    }
    case 'AWS::Logs::LogGroup':
      return { ref: name, attributes: { Arn: `arn:aws:logs:${region}:${account}:log-group:${name}:*` } };
    case 'AWS::SNS::Topic': {
      const arn = `arn:aws:sns:${region}:${account}:${name}`;
      return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
    }
    case 'AWS::CloudWatch::Alarm':
      return { ref: name, attributes: { Arn: `arn:aws:cloudwatch:${region}:${account}:alarm:${name}` } };
    case 'AWS::EventSchemas::Registry': {
      const arn = `arn:aws:schemas:${region}:${account}:registry/${name}`;
      return { ref: arn, attributes: { RegistryArn: arn, RegistryName: name } };
    }
    case 'AWS::Events::Archive':
      return { ref: name, attributes: { Arn: `arn:aws:events:${region}:${account}:archive/${name}` } };
    default:
      return { ref: name, attributes: {} };
  }
}
