import { AwsError, type AwsOperation } from '../protocol/aws-json';

/** A parameter of Parameter Store. */
export interface ParameterInput {
  readonly name: string;
  readonly arn: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
}

/**
 * `GetParameter` and `PutParameter` (of existing parameters) of the AWS Systems Manager API reference, on parameters in
 * memory. Without decryption, the value of a SecureString is a fixed text.
 */
export function ssmOperations(inputs: readonly ParameterInput[]): Readonly<Record<string, AwsOperation>> {
  const parameters = inputs.map((input) => ({ ...input, version: 1, changed: Date.now() / 1000 }));
  const find = (name: unknown) => {
    if (typeof name !== 'string' || name === '') {
      throw new AwsError('ValidationException', "1 validation error detected: Value at 'name' must not be null");
    }
    const found = parameters.find((one) => name === one.name || name === one.arn);
    if (!found) throw new AwsError('ParameterNotFound', '');
    return found;
  };

  return {
    'AmazonSSM.GetParameter': (input) => {
      const { name, arn, type, value, version, changed } = find(input.Name);
      const hidden = type === 'SecureString' && input.WithDecryption !== true;
      return {
        Parameter: {
          Name: name,
          Type: type,
          Value: hidden ? 'AQICAHencrypted' : value,
          Version: version,
          LastModifiedDate: changed,
          ARN: arn,
          DataType: 'text',
        },
      };
    },

    'AmazonSSM.PutParameter': (input) => {
      const parameter = find(input.Name);
      if (input.Overwrite !== true) {
        throw new AwsError(
          'ParameterAlreadyExists',
          'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
        );
      }
      if (typeof input.Value !== 'string' || input.Value === '') {
        throw new AwsError('ValidationException', "1 validation error detected: Value at 'value' must not be empty");
      }
      Object.assign(parameter, {
        value: input.Value,
        type: input.Type ?? parameter.type,
        version: parameter.version + 1,
        changed: Date.now() / 1000,
      });
      return { Version: parameter.version, Tier: 'Standard' };
    },
  };
}
