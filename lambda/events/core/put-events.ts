/**
 * Limits of one PutEvents request: 10 entries (API reference), together less than 256 KiB (user guide, "Calculating
 * PutEvents event entry size"). Since January 2026 EventBridge accepts 1 MB; every Region accepts the older limit.
 */
export const PUT_EVENTS_LIMITS = { entries: 10, bytes: 256 * 1024 - 1 };

/** Error codes of entries that EventBridge never accepts, because of their content. */
const INVALID_CODES = ['InvalidArgument', 'MalformedDetail'];
/** Error codes of entries that EventBridge accepts only after a change of permissions or configuration. */
const DENIED_CODES = [
  'AccessDeniedException',
  'InvalidAccountIdException',
  'NotAuthorizedForDetailTypeException',
  'NotAuthorizedForSourceException',
  'RedactionFailure',
];

/** Whether EventBridge never accepts an entry with this error code (API reference, PutEventsResultEntry). */
export const isInvalidEntry = (code: string): boolean => INVALID_CODES.includes(code);

/** Whether an immediate retry of an entry with this error code fails, too. */
export const isLastingCode = (code: string): boolean => isInvalidEntry(code) || DENIED_CODES.includes(code);
