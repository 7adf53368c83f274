import * as v from 'valibot';

/** A text that can be a part of a key in DynamoDB: an empty text and a longer one cannot. */
export const keySchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

/** Longest partition key, bytes (DynamoDB developer guide, "Quotas in Amazon DynamoDB"). */
export const MAX_PARTITION_KEY_BYTES = 2048;
