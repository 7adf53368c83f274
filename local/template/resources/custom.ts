import { TemplateError } from '../../shared/user-error';
import type { ResourceType } from './resource-type';

/**
 * Custom resources that AWS CDK makes itself: their functions call services that are not here, or other functions
 * (the provider framework, which is known by its environment).
 */
const REFUSED = ['Custom::AWS', 'Custom::LogRetention', 'Custom::S3AutoDeleteObjects', 'Custom::CDKBucketDeployment'];
const FRAMEWORK_VARIABLE = 'USER_ON_EVENT_FUNCTION_ARN';

export const isCustom = (type: string): boolean =>
  (type.startsWith('Custom::') && !REFUSED.includes(type)) || type === 'AWS::CloudFormation::CustomResource';

/** `Custom::…`, made by a function of the template. Nothing may refer to it: its id and attributes are known too late. */
export const customResource: ResourceType = {
  properties: 'any',
  declare({ logicalId, type, properties }, _, plan) {
    const serviceToken = properties.text('ServiceToken');
    const fn = plan.functions.find(({ arn }) => arn === serviceToken);
    if (!fn) {
      throw new TemplateError(
        `${properties.where}.ServiceToken`,
        `the local run implements functions of the template that make custom resources, not ${serviceToken}`,
      );
    }
    if (FRAMEWORK_VARIABLE in fn.environment) {
      throw new TemplateError(
        `${properties.where}.ServiceToken`,
        `the local run does not implement the CDK's provider framework (${fn.logicalId})`,
      );
    }
    plan.customResources.push({ logicalId, type, serviceToken, properties: properties.all });
    return { ref: undefined, attributes: {} };
  },
};
