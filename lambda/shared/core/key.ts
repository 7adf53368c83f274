import * as v from 'valibot';

/** A part of a key in DynamoDB, which refuses empty keys. Names and ids have up to 200 characters. */
export const keySchema = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

/** Longest partition key, bytes (DynamoDB developer guide, "Quotas in Amazon DynamoDB"). */
export const MAX_PARTITION_KEY_BYTES = 2048;
