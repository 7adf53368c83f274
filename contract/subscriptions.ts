/** Subscriptions by trigger and subject, without the flow URL: what `dispatch` reads. Key: `triggerKey`, `subjectKey`. */
export const TRIGGER_INDEX = {
  name: 'by-trigger',
  partitionKey: 'triggerKey',
  sortKey: 'subjectKey',
  /** Non-key attributes in the index. */
  attributes: ['uid', 'filter'],
} as const;

/** Key of the encryption context that binds a flow URL to its subscription's name. */
export const FLOW_URL_CONTEXT = 'subscription';
