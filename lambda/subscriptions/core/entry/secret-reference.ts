import * as v from 'valibot';
import { containsCredential } from '../../../shared/core/redact';
import type { SecretReference } from '../secret-reference';
import { writeHidden } from './messages';

// Secrets Manager API reference, CreateSecret; Systems Manager API reference, PutParameter; both: ARNs. No URL matches.
const SECRET = /^(arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}$/;
const SECRET_HINT = 'the name or the ARN of a Secrets Manager secret, such as crm/flow-url';
const PARAMETER = /^(arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/)?[\w/.-]{1,1011}$/;
const PARAMETER_HINT = 'the name or the ARN of a Systems Manager parameter, such as /crm/flow-url';
const FIELD = /^[^\s"'{}?&%:][^"'{}?&%:\r\n]{0,99}$/;
const FIELD_HINT = "a field's name of up to 100 characters, such as url";
const FORMS = '{ secret: NAME }, { secret: NAME, field: FIELD } or { parameter: NAME }';

const part = (pattern: RegExp, wrong: string, hint: string, description: string) =>
  v.optional(
    v.pipe(
      v.string(writeHidden('is not a string', hint)),
      v.regex(pattern, writeHidden(wrong, hint)),
      // The secret itself in place of its name. Another text is reported once.
      v.check((name) => !pattern.test(name) || !containsCredential(name), writeHidden(wrong, hint)),
      v.description(description),
    ),
  );

/**
 * A reference to a secret. One object rather than two alternatives, so that each mistake is reported at its key.
 * @param description what the secret contains.
 */
export const secretReferenceEntry = (description: string) =>
  v.optional(
    v.pipe(
      v.strictObject(
        {
          secret: part(
            SECRET,
            'is not the name or ARN of a secret',
            SECRET_HINT,
            'Name or ARN of a Secrets Manager secret. The connector must be allowed to read it.',
          ),
          field: part(
            FIELD,
            "is not a field's name",
            FIELD_HINT,
            "Field of the secret's JSON object. Default: the secret's whole text.",
          ),
          parameter: part(
            PARAMETER,
            'is not the name or ARN of a parameter',
            PARAMETER_HINT,
            'Name or ARN of a Systems Manager parameter, preferably a SecureString.',
          ),
        },
        (issue) => {
          if (issue.expected === 'never') return `is not known; write ${FORMS}`;
          const wrong =
            typeof issue.input === 'string' ? 'is a string instead of a map of keys' : 'is not a map of keys';
          return writeHidden(wrong, FORMS)(issue);
        },
      ),
      v.description(description),
      v.metadata({ oneOf: [{ required: ['secret'] }, { required: ['parameter'], not: { required: ['field'] } }] }),
      v.rawTransform(({ dataset, addIssue, NEVER }): SecretReference => {
        const { secret, field, parameter } = dataset.value;
        if (secret !== undefined && parameter === undefined)
          return field === undefined ? { secret } : { secret, field };
        if (parameter !== undefined && secret === undefined && field === undefined) return { parameter };
        addIssue({
          message:
            parameter === undefined
              ? `has neither a secret nor a parameter; write ${FORMS}`
              : `combines a parameter with other keys; write ${FORMS}`,
        });
        return NEVER;
      }),
    ),
  );
