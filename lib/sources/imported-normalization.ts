import { Stack } from 'aws-cdk-lib';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { queueTarget } from '../shared/queue-target';
import type { Source } from './source';
import { SourceRules } from './source-rules';

export interface ImportedNormalizationProps {
  readonly sourcesQueue: sqs.IQueue;
  /** Queue for events that EventBridge cannot put on `sourcesQueue`. */
  readonly deadLetterQueue: sqs.IQueue;
}

/** The construct that processes the events of sources, in another app. The rules are in the sources' stacks. */
export class ImportedNormalization extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: ImportedNormalizationProps,
  ) {
    super(scope, id);
  }

  watch(scope: Construct, source: Source): void {
    const { sourcesQueue, deadLetterQueue } = this.props;
    const stack = Stack.of(scope);
    const id = `Sources${this.node.addr.slice(-8)}`;
    const existing = stack.node.tryFindChild(id) as SourceRules | undefined;
    const targetOf = queueTarget(sourcesQueue, deadLetterQueue);
    (existing ?? new SourceRules(stack, id, { targetOf })).watch(source._kind, source._entry);
  }
}
