import * as v from 'valibot';
import { reasonOf } from '../../../events/core/events';
import { dimensionsSchema, show } from '../../../events/core/fields';
import { type Dimensions, type Metric, metricKey } from '../../../shared/core/metric';
import { looksLikeCredential } from '../../../shared/core/redact';
import { cut, difference, mapText, membersText, plain, quantityText } from '../../../shared/core/text';
import type { MetricState } from '../../../thresholds/core/metric-state';
import {
  type MetricThreshold,
  type MetricThresholdPorts,
  readMetricThresholds,
} from '../../../thresholds/core/metric-thresholds';
import { parsedJson } from '../body';
import type { ResponseBody } from '../definition/responses';
import { type ApiRequest, type ApiResponse, problem } from '../http';
import type { MemberReader } from '../ports';
import { readInstance, readName } from '../subjects';
import { instant } from './refresh-fields';

/** Thresholds that a response lists: each reads its subscription and possibly its flag. */
export const MAX_THRESHOLDS = 100;

/** Characters of the reason why dimensions are invalid. */
const MAX_REASON = 500;

export interface MetricPorts extends MetricThresholdPorts {
  readonly thresholds: MetricThresholdPorts['thresholds'] & MemberReader;
}

/** Responds with a segment. */
export async function getSegment(request: ApiRequest, ports: MetricPorts): Promise<ApiResponse> {
  const read = readMetric('segment', 'Segment', request);
  if ('refusal' in read) return read.refusal;
  const state = await ports.thresholds.readState(metricKey(read.metric));
  if (!state?.last) return unknown('Segment', read.metric);
  const { value } = state.last;
  const body: ResponseBody<'Segment'> = {
    segment: read.metric.name,
    ...(await metricFields(state, state.last, membersText(value), ports)),
  };
  return { status: 200, body };
}

/** Responds with a measure, or with one member of it. */
export async function getMeasure(request: ApiRequest, ports: MetricPorts): Promise<ApiResponse> {
  const read = readMetric('measure', 'Measure', request);
  if ('refusal' in read) return read.refusal;
  const members = readDimensions(request.query.dimensions);
  if ('reason' in members) return problem('invalid', `Dimensions: ${members.reason}.`);
  const { dimensions } = members;
  const metric: Metric = { ...read.metric, ...(dimensions && { dimensions }) };
  const state = await ports.thresholds.readState(metricKey(metric));
  if (!state?.last) return unknownMeasure(metric, ports);
  const { value, unit = '' } = state.last;
  const body: ResponseBody<'Measure'> = {
    measure: metric.name,
    dimensionsText: mapText(dimensions ?? {}),
    dimensions: dimensions ?? {},
    unit,
    ...(await metricFields(state, state.last, quantityText(value, unit), ports)),
  };
  return { status: 200, body };
}

function readMetric(
  kind: Metric['kind'],
  title: string,
  request: ApiRequest,
): { readonly metric: Metric } | { readonly refusal: ApiResponse } {
  const given = request.query[kind];
  if (!given) return { refusal: problem('invalid', `${title}: "${kind}" is missing; choose a ${kind} from the list.`) };
  const [name, instance] = [readName(title, kind, given), readInstance(request)];
  if ('reason' in name) return { refusal: problem('invalid', name.reason) };
  if ('reason' in instance) return { refusal: problem('invalid', instance.reason) };
  return { metric: { kind, instanceId: instance.name, name: name.name } };
}

/** @param text members by dimension, as JSON. Empty: the measure itself. */
function readDimensions(text = ''): { readonly dimensions?: Dimensions } | { readonly reason: string } {
  if (text.trim() === '') return {};
  const value = parsedJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      reason: '"dimensions" is not a JSON object; choose a member from the list, or write it as {"Region":"EMEA"}',
    };
  }
  const { success, output, issues } = v.safeParse(dimensionsSchema, value);
  if (!success) {
    const reason = `in "dimensions", ${reasonOf(issues)}`;
    // The reason quotes the names of dimensions.
    if (looksLikeCredential(reason))
      return { reason: '"dimensions" has a text that looks like a secret; write members' };
    return { reason: cut(reason, MAX_REASON) };
  }
  return Object.keys(output).length > 0 ? { dimensions: output } : {};
}

const unknown = (title: string, { name }: Metric): ApiResponse => {
  const message = `${title}: no value of ${show(name)} is recorded; choose a ${title.toLowerCase()} from the list, or wait until its next refresh.`;
  return problem('not-found', message);
};

/** The measure is unknown, or it has no such member. */
async function unknownMeasure(metric: Metric, { thresholds }: MetricPorts): Promise<ApiResponse> {
  const { dimensions, ...measure } = metric;
  const key = metricKey(measure);
  const hasMembers = (await thresholds.members(key)).length > 0;
  if (!dimensions && hasMembers) {
    const message = `Dimensions: ${show(measure.name)} has values only for its members; choose a member from the list.`;
    return problem('not-found', message);
  }
  if (dimensions && (hasMembers || (await thresholds.readState(key))?.last)) {
    const message = `Dimensions: ${show(measure.name)} has no member ${show(dimensions)}; choose a member from the list.`;
    return problem('not-found', message);
  }
  return unknown('Measure', measure);
}

async function metricFields(
  state: MetricState,
  { value, observedAt }: NonNullable<MetricState['last']>,
  valueText: string,
  ports: MetricPorts,
) {
  const { thresholds, hasMore } = await readMetricThresholds(state, MAX_THRESHOLDS, ports);
  const previousValue = state.recent.at(-2)?.[1];
  return {
    instanceId: state.metric.instanceId,
    value: plain(value),
    valueText,
    observedAt: instant(observedAt),
    ...(previousValue !== undefined && {
      previousValue: plain(previousValue),
      change: difference(value, previousValue),
    }),
    history: state.recent.map(([at, one]) => ({ observedAt: instant(at), value: plain(one) })),
    thresholds: thresholds.map(thresholdFields),
    hasMoreThresholds: hasMore,
  };
}

const thresholdFields = ({ subscription, threshold, status }: MetricThreshold) => ({
  subscription,
  direction: threshold.operator,
  level: plain(threshold.value),
  ...(threshold.recoverTo !== undefined && { recoverTo: plain(threshold.recoverTo) }),
  phase: status.phase,
  ...(status.distance !== undefined && { distance: status.distance }),
  next: status.next,
});
