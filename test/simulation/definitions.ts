import type {
  ChangeThreshold,
  LevelThreshold,
  SubscriptionDefinition,
  Threshold,
} from '../../lambda/subscriptions/core/subscription';
import { DATA_SOURCES, HIGHEST, MEASURES, REGIONS, SEGMENTS } from './workload';
import type { Chance } from './world/chance';

const MINUTE = 60_000;

/** Random definitions of subscriptions. */
export class Definitions {
  constructor(private readonly chance: Chance) {}

  /** A definition, with a trigger of the same kind as `old`. */
  any(name: string, old: SubscriptionDefinition | undefined): SubscriptionDefinition {
    const { chance } = this;
    const common = {
      ...{ name, instanceId: 'default', format: 'flat' as const, owners: [] },
      ...(chance.is(0.1) && { maxAge: chance.among([40 * MINUTE, 4 * 60 * MINUTE]) }),
      ...(chance.is(0.3) && { finishWithin: chance.among([MINUTE, 10 * MINUTE, 2 * 60 * MINUTE]) }),
      ...(chance.is(0.1) && { rateLimit: { calls: chance.between(2, 20), per: MINUTE } }),
    };
    const isThreshold = old ? old.threshold !== undefined : chance.is(0.6);
    if (isThreshold) {
      const isSegment = chance.is(0.5);
      const dimensions = chance.is(0.4) ? { Region: chance.among(REGIONS) } : undefined;
      return {
        ...common,
        trigger: isSegment ? 'segment-threshold-crossed' : 'measure-threshold-crossed',
        filter: isSegment ? { segment: chance.among(SEGMENTS) } : { measure: chance.among(MEASURES), dimensions },
        threshold: this.threshold(),
      };
    }
    if (old ? old.expectation !== undefined : chance.is(0.3)) {
      return { ...common, trigger: 'refresh-overdue', ...this.expected() };
    }
    const trigger = chance.among([
      'data-source-refresh-failed',
      'data-source-refresh-succeeded',
      'full-refresh-completed',
      'unification-refresh-completed',
    ] as const);
    const isDataSource = trigger.startsWith('data-source');
    return {
      ...common,
      trigger,
      filter: {
        ...(isDataSource && chance.is(0.5) && { dataSource: chance.among(DATA_SOURCES) }),
        ...(trigger === 'data-source-refresh-failed' && chance.is(0.3) && { includeRetries: true }),
        ...(trigger === 'full-refresh-completed' && chance.is(0.3) && { kind: 'OnDemand' as const }),
        ...(!isDataSource && chance.is(0.3) && { status: ['Failed', 'TimedOut'] as const }),
      },
    };
  }

  private expected(): Pick<SubscriptionDefinition, 'filter' | 'expectation'> {
    const { chance } = this;
    const filter = chance.among([
      { dataSource: chance.among(DATA_SOURCES) },
      { segment: chance.among(SEGMENTS) },
      { measure: chance.among(MEASURES) },
    ]);
    const expectation = {
      rhythm: { every: chance.among([5 * MINUTE, 30 * MINUTE, 2 * 60 * MINUTE]) },
      grace: chance.among([0, 10 * MINUTE]),
      ...(chance.is(0.4) && { alsoWhenBack: true }),
      ...(chance.is(0.3) && { anyOutcome: true }),
    };
    return { filter, expectation };
  }

  /** A level, or a change. */
  threshold(): Threshold {
    return this.chance.is(0.35) ? this.change() : this.level();
  }

  private change(): ChangeThreshold {
    const { chance } = this;
    const unit = chance.among(['percent', 'absolute'] as const);
    return {
      change: chance.among(['rises', 'falls', 'changes'] as const),
      ...{ unit, by: unit === 'percent' ? chance.among([20, 25, 50, 100]) : chance.between(1, 3) },
      comparedWith: chance.among(['previous', 'sameTimeYesterday', 'sameTimeLastWeek'] as const),
      ...(chance.is(0.3) && { minimumBase: chance.between(2, 3) }),
    };
  }

  level(): LevelThreshold {
    const { chance } = this;
    const operator = chance.among(['above', 'atOrAbove', 'below', 'atOrBelow'] as const);
    const value = chance.between(1, HIGHEST - 1);
    const away = operator.toLowerCase().endsWith('above') ? -1 : 1;
    return {
      operator,
      value,
      ...(chance.is(0.4) && { recoverTo: value + away * chance.between(1, 2) }),
      ...(chance.is(0.3) && { fireIfAlreadyBeyond: true }),
    };
  }
}
