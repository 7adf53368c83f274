/** Index of subscriptions by trigger and subject, which `dispatch` reads. It does not contain flow URLs. */
export const TRIGGER_INDEX = {
  name: 'by-trigger',
  partitionKey: 'triggerKey',
  sortKey: 'subjectKey',
  /** Non-key attributes in the index. */
  attributes: ['uid', 'filter'],
} as const;

/** Start of the keys of expected subjects in the Subscriptions table. Names of subscriptions have no `#`. */
export const EXPECTED_PREFIX = '#expected#';

/** Key of the KMS encryption context. Its value is the subscription's name, which binds the flow URL to the subscription. */
export const FLOW_URL_CONTEXT = 'subscription';
