/** An account and a Region. */
export interface Environment {
  readonly account: string;
  readonly region: string;
}

/** The account and Region of a stack without `env`. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
