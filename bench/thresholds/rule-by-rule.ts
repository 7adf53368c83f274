import { Engine } from 'json-rules-engine';
import packageJson from 'json-rules-engine/package.json';

/** The rules engine of the comparison. */
export const RULES_ENGINE = { name: packageJson.name, version: packageJson.version };

/** A subscription with a threshold above a level. */
export interface Level {
  readonly subscription: string;
  readonly value: number;
}

/** The usual approach: every threshold is a rule, and every observation is evaluated against every rule. */
export class RuleByRule {
  private readonly engine: Engine;

  constructor(levels: readonly Level[]) {
    this.engine = new Engine(
      levels.map(({ subscription, value }) => ({
        conditions: {
          all: [
            { fact: 'previousValue', operator: 'lessThanInclusive', value },
            { fact: 'value', operator: 'greaterThan', value },
          ],
        },
        event: { type: 'crossed', params: { subscription } },
      })),
    );
  }

  /** Subscriptions with a threshold between the two values, sorted. */
  async crossed(previousValue: number, value: number): Promise<string[]> {
    const { events } = await this.engine.run({ previousValue, value });
    return events.map(({ params }) => params?.subscription as string).sort();
  }
}
