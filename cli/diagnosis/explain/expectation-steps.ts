import { timeText } from '../../shell/time';
import { type ExpectationStatus, refreshText } from '../../subscriptions/expectation-text';
import type { ExplainInput } from './input';
import { rejectedLines, type Step } from './step';

/** The steps `received` and `expected` of a trigger that expects refreshes. */
export function expectationSteps(input: ExplainInput): Step[] {
  const { expectation: status = { isUnsent: false }, now } = input;
  const { success, failure } = status;
  const rejected = rejectedLines(input);
  const evidence = [...(failure ? [`the last failure: ${refreshText(failure, now)}`] : []), ...rejected];
  const received: Step = success
    ? { name: 'received', mark: '✓', text: `the last success: ${refreshText(success, now)}`, evidence }
    : { name: 'received', mark: '–', text: 'no successful refresh is known', evidence };
  return [received, expectedStep(status, input)];
}

function expectedStep({ expecting, isUnsent }: ExpectationStatus, { now, subscription }: ExplainInput): Step {
  const name = 'expected';
  const unsent = isUnsent ? ['an event is decided and not on the bus yet; deliver sends it within a minute'] : [];
  if (!expecting) {
    const text = `the connector does not expect the refresh, because the registration of ${subscription.definition.name} was interrupted`;
    return { name, mark: '✗', text, evidence: ['apply the file again, deploy again, or save the flow'] };
  }
  const { missed, next, expectation } = expecting;
  const at = (time: number) => timeText(time, now);
  const upcoming = next === undefined ? [] : [`the next refresh is expected by ${at(next)}`];
  if (missed) {
    const lasting = missed.since === missed.time ? '' : `, and again by ${at(missed.time)}`;
    const text = `no refresh came by ${at(missed.since)}${lasting}`;
    return { name, mark: '✓', text, evidence: [...unsent, ...upcoming] };
  }
  const starts = next === undefined ? [] : [`without one, the flow starts at ${at(next + expectation.grace)}`];
  const text =
    next === undefined ? 'no refresh is expected' : `the next refresh is expected by ${at(next)}, and none is missing`;
  return { name, mark: '✗', text, evidence: [...unsent, ...starts] };
}
