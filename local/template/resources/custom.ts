import { TemplateError } from '../../shared/user-error';
import type { ResourceType } from './resource-type';

/**
 * Unsupported custom resources of AWS CDK: their functions call services that the local run does not have. The provider
 * framework, which calls other functions, is recognized by its environment variable.
 */
const UNSUPPORTED = [
  'Custom::AWS',
  'Custom::LogRetention',
  'Custom::S3AutoDeleteObjects',
  'Custom::CDKBucketDeployment',
];
const FRAMEWORK_VARIABLE = 'USER_ON_EVENT_FUNCTION_ARN';

export const isCustom = (type: string): boolean =>
  (type.startsWith('Custom::') && !UNSUPPORTED.includes(type)) || type === 'AWS::CloudFormation::CustomResource';

/** `Custom::…`, created by a function. References to it are unsupported, because their values are known too late. */
export const customResource: ResourceType = {
  properties: 'any',
  declare({ logicalId, type, properties }, _, plan) {
    const serviceToken = properties.text('ServiceToken');
    const fn = plan.functions.find(({ arn }) => arn === serviceToken);
    if (!fn) {
      throw new TemplateError(
        `${properties.where}.ServiceToken`,
        `the local run implements only custom resources of functions of the template, not of ${serviceToken}`,
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
