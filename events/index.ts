export { ConnectorEvents } from './connector-events';
export { EventsNotTakenError, InvalidEventsError } from './errors';
export type * from './types';
