/** Kinds of sources: services whose events on the account's default bus `normalize` converts. */
export const SOURCE_KINDS = [
  'appflow',
  'glue-job',
  'glue-crawler',
  'glue-zero-etl',
  'databrew',
  'emr-serverless',
  'dms',
  'datasync',
  'redshift-data',
  'athena',
  'step-functions',
  'cloudwatch-alarm',
] as const;

export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Kinds whose API lists runs with the same IDs as their events, so that runs can be reconciled. */
export const RECONCILABLE_KINDS = [
  'appflow',
  'glue-job',
  'databrew',
  'emr-serverless',
  'datasync',
  'athena',
  'step-functions',
] as const satisfies readonly SourceKind[];

export type ReconcilableKind = (typeof RECONCILABLE_KINDS)[number];

/**
 * A source in the message `{ kind, sources, event }`, which a rule's input template sends to `normalize`. Each rule sends its
 * sources, so that the function needs no list of them.
 */
export interface SourceEntry {
  /** Name or ARN that identifies the source in the service's events. */
  readonly name: string;
  /** Detail type of the event to put on the connector's bus. */
  readonly put: string;
  /** Fixed fields of that event, such as the data source. */
  readonly detail: Readonly<Record<string, string>>;
  /** Status to report for a DMS task that stopped without a reason. */
  readonly stopped?: string;
  /** Whether `normalize` records the source's runs, so that `reconcile` reports only the other runs. */
  readonly reconciled?: boolean;
  /** Account and Region that forward the source's events. Absent for a source of the connector's account. */
  readonly account?: string;
  readonly region?: string;
}

/**
 * Source and detail type of the event `{ kind, name, runs }`: the ended runs of a source, listed in the account that forwards
 * it. A `source` of its own, so that the rules for events of producers do not match it.
 */
export const LISTED_RUNS = { source: 'power-automate-connector', detailType: 'SourceRunsListed' } as const;

/** Message that a schedule puts on the queue of `reconcile`. */
export interface ScheduledReconciliation {
  readonly kind: ReconcilableKind;
  readonly source: SourceEntry;
  /** Period before the check in which runs must have ended, seconds. */
  readonly lookBackSeconds: number;
}

/**
 * Retention of records of reported runs, days. Equal to the minimum of `deliveryRetention`, and longer than the maximum look
 * back.
 */
export const RECORDED_RUN_DAYS = 15;

/** Maximum look back of a reconciliation, days. */
export const MAX_LOOK_BACK_DAYS = 7;
