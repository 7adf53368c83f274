/** An AWS account and Region. */
export interface Place {
  readonly account: string;
  readonly region: string;
}
