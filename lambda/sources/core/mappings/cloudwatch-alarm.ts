import { show } from '../../../events/core/fields';
import {
  instant,
  NOTHING_YET,
  type Outcome,
  objectOf,
  type ServiceEvent,
  type SourceMapping,
  unknownState,
} from './service-event';

const KNOWN = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

/**
 * Amazon CloudWatch, "CloudWatch Alarm State Change". The value that changed the alarm's state is an observation. It is in
 * `reasonData`, a JSON text that only alarms on one metric have.
 */
export const cloudWatchAlarm: SourceMapping = {
  namesOf: ({ detail }) => [detail.alarmName],
  outcomeOf: ({ detail, time }) => {
    const state = objectOf(detail.state);
    if (!KNOWN.includes(state.value as string)) return unknownState('state.value', state.value, KNOWN);
    if (state.value === 'INSUFFICIENT_DATA') return NOTHING_YET;
    return observedIn(state, time);
  },
};

function observedIn(state: ServiceEvent['detail'], time: string): Outcome {
  const { reasonData } = state;
  const data = typeof reasonData === 'string' ? parsed(reasonData) : undefined;
  if (data === undefined) {
    return {
      reason: `"state.reasonData" is ${reasonData === undefined ? 'missing' : show(reasonData)}: it must contain the value as JSON`,
    };
  }
  const value = newest(data);
  if (value !== undefined) return { observed: { value, observedAt: instant(state.timestamp) ?? time } };
  // Missing data also changes an alarm's state.
  if (Array.isArray(data.recentDatapoints)) return NOTHING_YET;
  return { reason: '"state.reasonData" has no recentDatapoints: use an alarm on one metric' };
}

/** The newest value, by instant if the values have instants, otherwise the last one of the list, which is in order. */
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

function parsed(json: string): ServiceEvent['detail'] | undefined {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    return undefined;
  }
}
