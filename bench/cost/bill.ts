import { PRICES } from './prices';

export const UNITS = [
  'apiRequests',
  'events',
  'sqsRequests',
  'lambdaRequests',
  'lambdaGbSeconds',
  'writeUnits',
  'readUnits',
  'kmsRequests',
  'logBytes',
  // Bytes added to the tables.
  'storedBytes',
  'internetBytes',
] as const;
export type Unit = (typeof UNITS)[number];

/** Billed units of one event or of a month. */
export type Units = Readonly<Record<Unit, number>>;

const unitsOf = (amount: (unit: Unit) => number): Units =>
  Object.fromEntries(UNITS.map((unit) => [unit, amount(unit)])) as Record<Unit, number>;

export const NOTHING: Units = unitsOf(() => 0);
export const sum = (all: readonly Units[]): Units =>
  unitsOf((unit) => all.reduce((total, one) => total + one[unit], 0));
export const times = (units: Units, factor: number): Units => unitsOf((unit) => units[unit] * factor);

/** Dollars by item of the bill. */
export type Bill = Readonly<ReturnType<typeof billOf>>;

/** @param monthsStored how long the tables keep the stored bytes. */
export function billOf(units: Units, monthsStored: number) {
  const parts = {
    'API Gateway': units.apiRequests * PRICES.apiRequest,
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
