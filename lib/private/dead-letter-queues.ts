import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { PowerAutomateConnector } from '../power-automate-connector';

/** The queues of a connector in which messages stand that could not be worked off. */
export const deadLetterQueuesOf = ({
  rules,
  thresholds,
  collection,
  delivery,
}: PowerAutomateConnector): sqs.IQueue[] => [
  rules.deadLetterQueue,
  thresholds.observationsDeadLetterQueue,
  collection.stagesDeadLetterQueue,
  delivery.triggersDeadLetterQueue,
  delivery.deliveriesDeadLetterQueue,
];
