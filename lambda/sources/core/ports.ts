/** The runs that were put on the bus, by the id of their event. */
export interface RecordedRuns {
  record(eventId: string): Promise<void>;
  /** Whether the run is recorded, read consistently. */
  has(eventId: string): Promise<boolean>;
}
