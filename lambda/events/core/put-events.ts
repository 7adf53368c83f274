/**
 * Limits of one PutEvents request: 10 entries (API reference), together less than 256 KiB (user guide, "Calculating
 * PutEvents event entry size"). Since January 2026 EventBridge accepts 1 MB; every Region accepts the older limit.
 */
export const PUT_EVENTS_LIMITS = { entries: 10, bytes: 256 * 1024 - 1 };

/** Codes of entries that EventBridge never accepts, because of their content (API reference, PutEventsResultEntry). */
export const INVALID_ENTRY_CODES: readonly string[] = ['InvalidArgument', 'MalformedDetail'];

/** Those, and the codes of entries that EventBridge accepts only after a change of permissions or configuration. */
export const LASTING_CODES: readonly string[] = [
  ...INVALID_ENTRY_CODES,
  'AccessDeniedException',
  'InvalidAccountIdException',
  'NotAuthorizedForDetailTypeException',
  'NotAuthorizedForSourceException',
  'RedactionFailure',
];
