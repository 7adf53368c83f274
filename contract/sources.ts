/** Kinds of sources: services whose events on the account's default bus `normalize` knows. One rule watches a kind's sources. */
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

/** Kinds whose runs the service's API lists under the ids that its events have. */
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
 * A source in a rule's message to `normalize`, `{ kind, sources, event }`: the rule's input template writes it. The rule knows
 * its sources, so that the function needs no list of them.
 */
export interface SourceEntry {
  /** By which the service's event is known: a name or an ARN. */
  readonly name: string;
  /** Detail type of the event that is put for it. */
  readonly put: string;
  /** What that event says of itself, such as its data source. */
  readonly detail: Readonly<Record<string, string>>;
  /** Status of a DMS task that stopped without saying why. */
  readonly stopped?: string;
  /** Its runs are noted when they are put, so that `reconcile` puts the others only. */
  readonly reconciled?: boolean;
}

/** What a schedule puts on the queue of `reconcile`. */
export interface ScheduledReconciliation {
  readonly kind: ReconcilableKind;
  readonly source: SourceEntry;
  /** How long ago a run may have ended that is looked for, seconds. */
  readonly lookBackSeconds: number;
}

/**
 * Days for which runs that were put are noted, by which the others are found. As long as deliveries are remembered at least
 * (`deliveryRetention`), and longer than a look back can be.
 */
export const NOTED_RUN_DAYS = 15;

/** Longest look back of a reconciliation, days. */
export const MAX_LOOK_BACK_DAYS = 7;
