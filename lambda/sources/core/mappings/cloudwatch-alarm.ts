import { show } from '../../../events/core/events';
import {
  instant,
  NOTHING_YET,
  type Outcome,
  type ServiceEvent,
  type SourceMapping,
  unknownWord,
} from './service-event';

const KNOWN = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

/**
 * Amazon CloudWatch, "CloudWatch Alarm State Change": the value by which the alarm changed its state is an observation. It is in
 * `reasonData`, JSON in a text, which alarms on one metric have.
 */
export const cloudWatchAlarm: SourceMapping = {
  namesOf: ({ detail }) => [detail.alarmName],
  outcomeOf: ({ detail, time }) => {
    const state = objectOf(detail.state);
    if (!KNOWN.includes(state.value as string)) return unknownWord('state.value', state.value, KNOWN);
    if (state.value === 'INSUFFICIENT_DATA') return NOTHING_YET;
    return observedIn(state, time);
  },
};

function observedIn(state: ServiceEvent['detail'], time: string): Outcome {
  const { reasonData } = state;
  const data = typeof reasonData === 'string' ? parsed(reasonData) : undefined;
  if (data === undefined) {
    return {
      reason: `"state.reasonData" is ${reasonData === undefined ? 'missing' : show(reasonData)}: it holds the value, as JSON`,
    };
  }
  const value = newest(data);
  if (value !== undefined) return { observed: { value, observedAt: instant(state.timestamp) ?? time } };
  // An alarm changes its state for want of data, too.
  if (Array.isArray(data.recentDatapoints)) return NOTHING_YET;
  return { reason: '"state.reasonData" has no recentDatapoints: give an alarm on one metric' };
}

/** The newest value: by its instant, where values have one, else the last, since they come in the order of time. */
function newest({ evaluatedDatapoints, recentDatapoints }: ServiceEvent['detail']): number | undefined {
  const evaluated = listOf(evaluatedDatapoints)
    .map(objectOf)
    .map(({ value, timestamp }) => ({ value, at: Date.parse(instant(timestamp) ?? '') }))
    .filter((one): one is { value: number; at: number } => isNumber(one.value) && isNumber(one.at))
    .toSorted((a, b) => a.at - b.at);
  return evaluated.at(-1)?.value ?? listOf(recentDatapoints).filter(isNumber).at(-1);
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objectOf = (value: unknown): ServiceEvent['detail'] =>
  typeof value === 'object' && value !== null ? (value as ServiceEvent['detail']) : {};

function parsed(json: string): ServiceEvent['detail'] | undefined {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return undefined;
  }
}
