/** What a person needs of an error that an AWS service or its SDK gave: one line, with what to do where that is known. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  const { code, hostname } = error as { code?: string; hostname?: string };
  if (message === 'Region is missing') return 'no Region: write --region REGION, or set AWS_REGION';
  if (message.startsWith('Could not load credentials from any')) {
    return 'no AWS credentials: sign in (aws sso login, aws configure), or set AWS_PROFILE';
  }
  if (REFUSED_CREDENTIALS.has(name)) {
    return `AWS refuses the credentials: sign in again, and check that the account has this Region enabled (${message})`;
  }
  if (DENIED.has(name)) return `no permission: ${message}`;
  if (UNKNOWN_HOST.has(code ?? '')) {
    return `${hostname ?? 'AWS'} is not found: check the Region's name and the network`;
  }
  // A connection that failed on every address has no message of its own.
  if (UNREACHABLE.test(code ?? '')) return `AWS cannot be reached: ${message || code}`;
  return message || name;
}

/** Whether an error says that AWS cannot be asked at all: nobody is signed in, or there is no way to it. */
export function isOfAccess(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as { code?: string };
  const nobody =
    error.message === 'Region is missing' || error.message.startsWith('Could not load credentials from any');
  return nobody || REFUSED_CREDENTIALS.has(error.name) || UNREACHABLE.test(code) || UNKNOWN_HOST.has(code);
}

const UNREACHABLE = /^E(CONN|HOST|NET|TIMEDOUT|PIPE)/;
const UNKNOWN_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/** CloudFormation, DynamoDB and KMS name the same thing differently (their API references, common errors). */
const REFUSED_CREDENTIALS: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
/** Error names that say that a permission is missing. */
export const DENIED: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException', 'OptInRequired']);
