import { createHash, randomInt } from 'node:crypto';
import type { SecretInput } from '../../engines/services/secrets-manager';
import { TemplateError } from '../../shared/user-error';
import type { Properties } from '../model/properties';
import { physicalName, type ResourceType } from './resource-type';

/** Characters of a secret's name (Secrets Manager API reference, CreateSecret). */
const MAX_SECRET_NAME = 512;

/** `AWS::SecretsManager::Secret`, in this Region only */
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
  declare({ logicalId, properties }, { stackName, account, region }, plan) {
    const name = properties.optionalText('Name') ?? physicalName(stackName, logicalId, MAX_SECRET_NAME);
    const given = properties.optionalText('SecretString');
    if (given !== undefined && properties.has('GenerateSecretString')) {
      throw new TemplateError(properties.where, 'has SecretString and GenerateSecretString, of which there can be one');
    }
    const generated = () =>
      properties.has('GenerateSecretString') ? generate(properties.object('GenerateSecretString')) : '';
    const { arn } = secretOf(name, '', account, region);
    plan.secrets.push({ name, arn, text: given ?? generated() });
    return { ref: arn, attributes: { Id: arn } };
  },
};

/** A secret of a name or, where it has one already, of an ARN. */
export function secretOf(nameOrArn: string, text: string, account: string, region: string): SecretInput {
  const [, name] = /^arn:[^:]+:secretsmanager:[^:]+:\d+:secret:(.+?)(?:-[A-Za-z0-9]{6})?$/.exec(nameOrArn) ?? [];
  if (name !== undefined) return { name, arn: nameOrArn, text };
  // The same six characters in every run.
  const suffix = createHash('sha256').update(nameOrArn).digest('hex').slice(0, 6);
  return { name: nameOrArn, arn: `arn:aws:secretsmanager:${region}:${account}:secret:${nameOrArn}-${suffix}`, text };
}

/** Kinds of characters (Secrets Manager API reference, GetRandomPassword), by the property that leaves them out. */
const CHARACTERS = {
  ExcludeLowercase: 'abcdefghijklmnopqrstuvwxyz',
  ExcludeUppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ExcludeNumbers: '0123456789',
  ExcludePunctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;
const DEFAULT_LENGTH = 32;

/** Template reference, `AWS::SecretsManager::Secret GenerateSecretString`. */
function generate(wanted: Properties): string {
  const key = wanted.optionalText('GenerateStringKey');
  const template = wanted.optionalText('SecretStringTemplate');
  if ((key === undefined) !== (template === undefined)) {
    throw new TemplateError(wanted.where, 'has one of GenerateStringKey and SecretStringTemplate, which go together');
  }
  if (key === undefined) return password(wanted);
  try {
    return JSON.stringify({ ...JSON.parse(template as string), [key]: password(wanted) });
  } catch {
    throw new TemplateError(`${wanted.where}.SecretStringTemplate`, 'must be a JSON object');
  }
}

function password(wanted: Properties): string {
  const excluded = wanted.optionalText('ExcludeCharacters') ?? '';
  const kinds: string[] = Object.entries(CHARACTERS)
    .filter(([property]) => !wanted.boolean(property, false))
    .map(([, characters]) => characters);
  if (wanted.boolean('IncludeSpace', false)) kinds.push(' ');
  const usable = kinds
    .map((kind) => [...kind].filter((one) => !excluded.includes(one)).join(''))
    .filter((kind) => kind !== '');
  const length = wanted.number('PasswordLength', DEFAULT_LENGTH);
  const each = wanted.boolean('RequireEachIncludedType', true);
  if (usable.length === 0 || (each && usable.length > length)) {
    throw new TemplateError(wanted.where, 'leaves no characters, or too few places, for a password');
  }
  const all = usable.join('');
  const picked = Array.from({ length }, (_, n) => pick((each && usable[n]) || all));
  // Each kind has come first; nobody shall know where it stands.
  for (let n = length - 1; n > 0; n--) {
    const other = randomInt(n + 1);
    [picked[n], picked[other]] = [picked[other] as string, picked[n] as string];
  }
  return picked.join('');
}

const pick = (characters: string): string => characters[randomInt(characters.length)] as string;
