import type { Place } from '../core/place';
import { optional } from './environment';
import type { Host } from './host';

/**
 * The function's account and Region. The URL of a queue has the account before the name (Amazon SQS, "Queue and message
 * identifiers"), and Lambda sets the Region (developer guide, "Defined runtime environment variables"). Undefined on a host
 * that does not set it.
 * @param queueUrl URL of one of the function's queues.
 */
export function ownPlace({ env }: Pick<Host, 'env'>, queueUrl: string): Place | undefined {
  const account = queueUrl.split('/').at(-2);
  const region = optional('AWS_REGION', env);
  return account && region ? { account, region } : undefined;
}
