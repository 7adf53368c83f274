/** One line for an error of an AWS service or of its SDK, with a remedy if one is known. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  const { code = '', hostname = 'AWS' } = error as { code?: string; hostname?: string };
  if (message === NO_REGION) return 'no Region is set: use --region REGION, or set AWS_REGION';
  if (message.startsWith(NO_CREDENTIALS)) {
    return 'no AWS credentials found: sign in (aws sso login, aws configure), or set AWS_PROFILE';
  }
  if (REJECTED_CREDENTIALS.has(name)) {
    return `AWS rejected the credentials: sign in again, and check that this Region is enabled in the account (${message})`;
  }
  if (ACCESS_DENIED.has(name)) return `access denied: ${message}`;
  if (UNKNOWN_HOST.has(code)) return `host ${hostname} not found: check the name of the Region and the network`;
  // A connection that failed on every address has an empty message.
  if (UNREACHABLE.test(code)) return `cannot reach AWS: ${message || code}`;
  return message || name;
}

/** Whether no AWS call can succeed: no usable credentials, no Region, or no network. */
export function isAccessError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as { code?: string };
  const isUnconfigured = error.message === NO_REGION || error.message.startsWith(NO_CREDENTIALS);
  return isUnconfigured || REJECTED_CREDENTIALS.has(error.name) || UNREACHABLE.test(code) || UNKNOWN_HOST.has(code);
}

/** Messages of the SDK, which has no error names for them. */
const NO_REGION = 'Region is missing';
const NO_CREDENTIALS = 'Could not load credentials from any';
const UNREACHABLE = /^E(CONN|HOST|NET|TIMEDOUT|PIPE)/;
const UNKNOWN_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/** Names that CloudFormation, DynamoDB and KMS give the same errors (their API references, common errors). */
const REJECTED_CREDENTIALS: ReadonlySet<string> = new Set([
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
/** Names of errors for a missing permission. */
export const ACCESS_DENIED: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException', 'OptInRequired']);
