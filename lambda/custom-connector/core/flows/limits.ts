/** Deliveries that one replay sends. */
export const MAX_REPLAYED = 500;

/** Deliveries that one replay reads. Each is two reads, and `connect` has 15 seconds. */
export const MAX_EXAMINED = 2000;

/** Longest span of a replay, days. Dead deliveries are kept for 90 days by default. */
export const MAX_SPAN_DAYS = 31;

/**
 * Deliveries of a page. Large, because not every action follows the link to the next page (see `PAGE_SIZE` of
 * `subjects.ts`). 500 deliveries are about 300 KB.
 */
export const DELIVERIES_PER_PAGE = 500;
