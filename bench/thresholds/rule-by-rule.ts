import { Engine } from 'json-rules-engine';
import packageJson from 'json-rules-engine/package.json';

/** The rules engine that is compared with. */
export const RULES_ENGINE = { name: packageJson.name, version: packageJson.version };

/** A threshold above a level, and who is told. */
export interface Level {
  readonly subscription: string;
  readonly value: number;
}

/** The usual way: every threshold is a rule, and every observation is tried against every rule. */
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

  /** Subscriptions whose threshold lies between the two values, sorted. */
  async crossed(previousValue: number, value: number): Promise<string[]> {
    const { events } = await this.engine.run({ previousValue, value });
    return events.map(({ params }) => params?.subscription as string).sort();
  }
}
