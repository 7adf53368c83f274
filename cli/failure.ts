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
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `${hostname ?? 'AWS'} is not found: check the Region's name and the network`;
  }
  // A connection that failed on every address has no message of its own.
  if (/^E(CONN|HOST|NET|TIMEDOUT|PIPE)/.test(code ?? '')) return `AWS cannot be reached: ${message || code}`;
  return message || name;
}

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
const DENIED: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException', 'OptInRequired']);
