import * as v from 'valibot';
import { durationHint, durationMs } from '../../../shared/core/duration';
import { write } from './messages';

/** A duration, converted to milliseconds. */
export const duration = (least: string, most: string, description: string) => {
  const range = durationHint(least, most);
  const isInRange = (ms: number) => ms >= (durationMs(least) as number) && ms <= (durationMs(most) as number);
  return v.pipe(
    v.string(write(range)),
    v.check((text) => isInRange(durationMs(text) ?? Number.NaN), write(range)),
    v.description(description),
    v.transform((text) => durationMs(text) as number),
  );
};
