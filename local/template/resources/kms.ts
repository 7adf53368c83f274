import { createHash } from 'node:crypto';
import { TemplateError } from '../../shared/user-error';
import { arnOf, type ResourceType } from './resource-type';

/** `AWS::KMS::Key`. Supports only enabled, symmetric encryption keys. */
export const key: ResourceType = {
  properties: {
    Description: true,
    Enabled: true,
    KeySpec: true,
    KeyUsage: true,
    KeyPolicy: 'keyPolicy',
    BypassPolicyLockoutSafetyCheck: 'keyPolicy',
    EnableKeyRotation: 'keyLifecycle',
    RotationPeriodInDays: 'keyLifecycle',
    PendingWindowInDays: 'keyLifecycle',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, stack, plan) {
    for (const [name, only] of [
      ['Enabled', 'true'],
      ['KeySpec', 'SYMMETRIC_DEFAULT'],
      ['KeyUsage', 'ENCRYPT_DECRYPT'],
    ] as const) {
      const value = properties.optionalText(name) ?? only;
      if (value !== only) {
        throw new TemplateError(
          `${properties.where}.${name}`,
          `the local run does not implement ${value}, only ${only}`,
        );
      }
    }
    const keyId = uuid(`${stack.stackName}/${logicalId}`);
    const arn = arnOf(stack, 'kms', `key/${keyId}`);
    plan.keys.push({ logicalId, keyId, arn, description: properties.optionalText('Description') ?? '', aliases: [] });
    return { ref: keyId, attributes: { Arn: arn, KeyId: keyId } };
  },
};

/** `AWS::KMS::Alias` */
export const alias: ResourceType = {
  properties: { AliasName: true, TargetKeyId: true },
  declare({ properties }, stack, plan) {
    const name = properties.text('AliasName');
    const target = properties.text('TargetKeyId');
    const aliased = plan.keys.find((candidate) => candidate.keyId === target || candidate.arn === target);
    if (!aliased) throw new TemplateError(`${properties.where}.TargetKeyId`, `${target} is not a key of the template`);
    aliased.aliases.push(name);
    return { ref: name, attributes: { AliasArn: arnOf(stack, 'kms', name) } };
  },
};

/** A UUID derived from the name, so that key ids are the same in every run. */
function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
