/**
 * On-demand list prices in US East (N. Virginia) on `AS_OF`, dollars, without the free tier. Prices in most other Regions
 * differ by less than a third.
 */
export const AS_OF = '2026-11-22';
export const REGION = 'us-east-1';

const MILLION = 1_000_000;
const GB = 1024 ** 3;

export const PRICES = {
  /** aws.amazon.com/api-gateway/pricing: a request to an HTTP API of up to 512 KB, of the first 300 million of a month. */
  apiRequest: 1.0 / MILLION,
  /** aws.amazon.com/eventbridge/pricing: a custom event of up to 64 KB; rules and targets in the account are free. */
  event: 1.0 / MILLION,
  /** aws.amazon.com/sqs/pricing: a request to a standard queue, of up to 64 KB. */
  sqsRequest: 0.4 / MILLION,
  /** aws.amazon.com/lambda/pricing, arm64. */
  lambdaRequest: 0.2 / MILLION,
  lambdaGbSecond: 0.0000133334,
  /** aws.amazon.com/dynamodb/pricing/on-demand, since 2024-11. */
  writeUnit: 0.625 / MILLION,
  readUnit: 0.125 / MILLION,
  /** A byte for a month: of a table, and of its point-in-time recovery. */
  tableByteMonth: 0.25 / GB,
  recoveryByteMonth: 0.2 / GB,
  /** aws.amazon.com/kms/pricing: a customer managed key for a month; a symmetric request. */
  keyMonth: 1.0,
  kmsRequest: 0.03 / 10_000,
  /** aws.amazon.com/cloudwatch/pricing: a byte of ingested logs; a custom metric for a month, of the first 10,000. */
  logByte: 0.5 / GB,
  metricMonth: 0.3,
  /** aws.amazon.com/ec2/pricing/on-demand, "Data transfer": a byte to the internet, of the first 10 TB. */
  internetByte: 0.09 / GB,
} as const;
