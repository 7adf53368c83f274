import { COLLECTION } from './collection';
import { DELIVERY } from './delivery';
import { EVALUATION } from './evaluation';
import { REGISTRATION } from './registration';
import type { Story } from './story';
import { SUBSCRIPTIONS } from './subscriptions';

/** The small scopes of each protocol (docs/architecture.md, "Protocols"). */
export const STORIES: readonly Story[] = [...EVALUATION, ...SUBSCRIPTIONS, ...DELIVERY, ...COLLECTION, ...REGISTRATION];
