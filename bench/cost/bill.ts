import { PRICES } from './prices';

/** Billed units of one event or of a month. */
export interface Units {
  readonly events: number;
  readonly sqsRequests: number;
  readonly lambdaRequests: number;
  readonly lambdaGbSeconds: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly kmsRequests: number;
  readonly logBytes: number;
  /** Bytes added to the tables. */
  readonly storedBytes: number;
  readonly internetBytes: number;
}

export type Unit = keyof Units;

export const NOTHING: Units = {
  events: 0,
  sqsRequests: 0,
  lambdaRequests: 0,
  lambdaGbSeconds: 0,
  writeUnits: 0,
  readUnits: 0,
  kmsRequests: 0,
  logBytes: 0,
  storedBytes: 0,
  internetBytes: 0,
};

const NAMES = Object.keys(NOTHING) as Unit[];

export function sum(all: readonly Units[]): Units {
  return Object.fromEntries(NAMES.map((name) => [name, all.reduce((to, one) => to + one[name], 0)])) as Record<
    Unit,
    number
  >;
}

export function times(units: Units, factor: number): Units {
  return Object.fromEntries(NAMES.map((name) => [name, units[name] * factor])) as Record<Unit, number>;
}

/** Dollars by item of the bill. */
export interface Bill {
  readonly EventBridge: number;
  readonly SQS: number;
  readonly Lambda: number;
  readonly DynamoDB: number;
  readonly KMS: number;
  readonly CloudWatch: number;
  readonly internet: number;
  readonly total: number;
}

/** @param monthsStored how long the tables keep the stored bytes. */
export function billOf(units: Units, monthsStored: number): Bill {
  const parts = {
    EventBridge: units.events * PRICES.event,
    SQS: units.sqsRequests * PRICES.sqsRequest,
    Lambda: units.lambdaRequests * PRICES.lambdaRequest + units.lambdaGbSeconds * PRICES.lambdaGbSecond,
    DynamoDB:
      units.writeUnits * PRICES.writeUnit +
      units.readUnits * PRICES.readUnit +
      units.storedBytes * monthsStored * (PRICES.tableByteMonth + PRICES.recoveryByteMonth),
    KMS: units.kmsRequests * PRICES.kmsRequest,
    CloudWatch: units.logBytes * PRICES.logByte,
    internet: units.internetBytes * PRICES.internetByte,
  };
  return { ...parts, total: Object.values(parts).reduce((to, one) => to + one, 0) };
}
