/** Runs that were put on the bus, by their events' identity. */
export interface RecordedRuns {
  note(eventId: string): Promise<void>;
  /** Whether it is noted, read consistently. */
  isNoted(eventId: string): Promise<boolean>;
}
