import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainEvent } from '../../../../contract/events';
import { type CheckedEvent, checkEvent } from '../../../../lambda/events/core/events';
import { withOrigin } from '../../../../lambda/events/core/origin';
import { ownPlace } from '../../../../lambda/shared/adapters/own-place';
import { busEvent, OWN } from '../../../support/evaluation';

const ELSEWHERE = { account: '111122223333', region: 'eu-central-1' };
const NAMED = { awsAccount: '222233334444', awsRegion: 'eu-west-3' };

const refreshed = (detail: object, envelope: object = {}): CheckedEvent => {
  const given = { dataSource: 'CRM', runId: 'run-1', status: 'Failed', ...detail };
  const checked = checkEvent(busEvent(DomainEvent.DATA_SOURCE_REFRESHED, given, envelope));
  if ('reason' in checked) throw new Error(checked.reason);
  return checked.value;
};
const originOf = (event: CheckedEvent) => {
  const { awsAccount, awsRegion } = withOrigin(event, OWN).detail as Partial<typeof NAMED>;
  return { awsAccount, awsRegion };
};
const NONE = { awsAccount: undefined, awsRegion: undefined };

describe('the origin of an event', () => {
  it.each<[string, object, object, object]>([
    ['of the connector is not named', {}, {}, NONE],
    [
      'of another account is its account and Region',
      {},
      ELSEWHERE,
      { awsAccount: '111122223333', awsRegion: 'eu-central-1' },
    ],
    ['of another Region is named', {}, { region: 'eu-west-3' }, { awsAccount: OWN.account, awsRegion: 'eu-west-3' }],
    ['that the connector names in its own event is that one', NAMED, {}, NAMED],
    ['that names the connector is not named', { awsAccount: OWN.account, awsRegion: OWN.region }, {}, NONE],
    [
      'of another account cannot be another one',
      NAMED,
      ELSEWHERE,
      { awsAccount: '111122223333', awsRegion: 'eu-central-1' },
    ],
    [
      'of another account cannot be the connector',
      { awsAccount: OWN.account, awsRegion: OWN.region },
      ELSEWHERE,
      { awsAccount: '111122223333', awsRegion: 'eu-central-1' },
    ],
    [
      'without a Region has the Region of the event',
      { awsAccount: '222233334444' },
      {},
      { ...NAMED, awsRegion: OWN.region },
    ],
  ])('%s', (_, detail, envelope, origin) => {
    expect(originOf(refreshed(detail, envelope))).toEqual(origin);
  });

  it('of a message without an account is not named', () => {
    expect(originOf(refreshed({}, { account: undefined, region: undefined }))).toEqual(NONE);
  });

  it('names exactly the account of the envelope, whatever another account puts', () => {
    const account = fc.constantFrom(OWN.account, '111122223333', '222233334444');
    const region = fc.constantFrom(OWN.region, 'eu-central-1');
    const given = fc.record({ awsAccount: account, awsRegion: region }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.record({ account, region }), given, (envelope, detail) => {
        fc.pre(envelope.account !== OWN.account);
        const origin = originOf(refreshed(detail, envelope));
        expect(origin).toEqual({ awsAccount: envelope.account, awsRegion: envelope.region });
      }),
    );
  });
});

it("the function's place is in its queue's URL and in the environment", () => {
  const url = 'https://sqs.eu-west-1.amazonaws.com/999988887777/Connector-Queue';
  expect(ownPlace({ env: { AWS_REGION: 'eu-west-1' } }, url)).toEqual({ account: '999988887777', region: 'eu-west-1' });
  expect(ownPlace({ env: {} }, url)).toBeUndefined();
});
