import { createHash, randomInt } from 'node:crypto';
import type { SecretInput } from '../../engines/services/secrets-manager';
import { TemplateError } from '../../shared/user-error';
import type { Properties } from '../model/properties';
import { arnOf, nameOf, type ResourceType } from './resource-type';

/** Maximum characters of a secret's name (Secrets Manager API reference, CreateSecret). */
const MAX_SECRET_NAME = 512;

/** `AWS::SecretsManager::Secret`, without replicas. */
export const secret: ResourceType = {
  properties: {
    Name: true,
    SecretString: true,
    GenerateSecretString: {
      ExcludeCharacters: true,
      ExcludeLowercase: true,
      ExcludeNumbers: true,
      ExcludePunctuation: true,
      ExcludeUppercase: true,
      GenerateStringKey: true,
      IncludeSpace: true,
      PasswordLength: true,
      RequireEachIncludedType: true,
      SecretStringTemplate: true,
    },
    Description: 'description',
    KmsKeyId: 'encryptionAtRest',
    Tags: 'tags',
  },
  declare(resource, stack, plan) {
    const { properties } = resource;
    const name = nameOf(resource, stack, 'Name', MAX_SECRET_NAME);
    const given = properties.optionalText('SecretString');
    if (given !== undefined && properties.has('GenerateSecretString')) {
      throw new TemplateError(properties.where, 'has both SecretString and GenerateSecretString');
    }
    const generated = () =>
      properties.has('GenerateSecretString') ? generate(properties.object('GenerateSecretString')) : '';
    const { arn } = secretOf(name, '', stack.account, stack.region);
    plan.secrets.push({ name, arn, text: given ?? generated() });
    return { ref: arn, attributes: { Id: arn } };
  },
};

/** A secret by its name or ARN. */
export function secretOf(nameOrArn: string, text: string, account: string, region: string): SecretInput {
  const [, name] = /^arn:[^:]+:secretsmanager:[^:]+:\d+:secret:(.+?)(?:-[A-Za-z0-9]{6})?$/.exec(nameOrArn) ?? [];
  if (name !== undefined) return { name, arn: nameOrArn, text };
  // Derived from the name, so that the ARN is the same in every run.
  const suffix = createHash('sha256').update(nameOrArn).digest('hex').slice(0, 6);
  return { name: nameOrArn, arn: arnOf({ account, region }, 'secretsmanager', `secret:${nameOrArn}-${suffix}`), text };
}

/** Character types (Secrets Manager API reference, GetRandomPassword), by the property that excludes them. */
const CHARACTERS = {
  ExcludeLowercase: 'abcdefghijklmnopqrstuvwxyz',
  ExcludeUppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ExcludeNumbers: '0123456789',
  ExcludePunctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;
const DEFAULT_LENGTH = 32;

/** Template reference, `AWS::SecretsManager::Secret GenerateSecretString`. */
function generate(options: Properties): string {
  const key = options.optionalText('GenerateStringKey');
  const template = options.optionalText('SecretStringTemplate');
  if ((key === undefined) !== (template === undefined)) {
    throw new TemplateError(options.where, 'has only one of GenerateStringKey and SecretStringTemplate: add the other');
  }
  if (key === undefined) return password(options);
  try {
    return JSON.stringify({ ...JSON.parse(template as string), [key]: password(options) });
  } catch {
    throw new TemplateError(`${options.where}.SecretStringTemplate`, 'must be a JSON object');
  }
}

function password(options: Properties): string {
  const excluded = options.optionalText('ExcludeCharacters') ?? '';
  const kinds: string[] = Object.entries(CHARACTERS)
    .filter(([property]) => !options.boolean(property, false))
    .map(([, characters]) => characters);
  if (options.boolean('IncludeSpace', false)) kinds.push(' ');
  const usable = kinds
    .map((kind) => [...kind].filter((one) => !excluded.includes(one)).join(''))
    .filter((kind) => kind !== '');
  const length = options.number('PasswordLength', DEFAULT_LENGTH);
  const each = options.boolean('RequireEachIncludedType', true);
  if (usable.length === 0 || (each && usable.length > length)) {
    throw new TemplateError(
      options.where,
      'excludes all characters, or has a PasswordLength below the number of types',
    );
  }
  const all = usable.join('');
  const picked = Array.from({ length }, (_, n) => pick((each && usable[n]) || all));
  // Shuffles, because the first characters have predictable types.
  for (let n = length - 1; n > 0; n--) {
    const other = randomInt(n + 1);
    [picked[n], picked[other]] = [picked[other] as string, picked[n] as string];
  }
  return picked.join('');
}

const pick = (characters: string): string => characters[randomInt(characters.length)] as string;
