import fc from 'fast-check';
import type { Plan } from '../../../local/template/model/plan';
import { Companions, RECORDED, STRANGE } from '../companions';
import type { Target } from '../fuzz';
import { mutatedJson } from '../mutations';

/** Stands for the uid of the subscription that deliveries name. */
const UID = 'UID';
/** Stands for another event id in every message: a delivery that is done is not sent again. */
const EVENT_ID = 'EVENT ID';
const bodiesOf = (name: string) => (RECORDED[name] ?? []).map(({ body }) => body);
/** Valid messages by the function that reads them. */
const VALID: Readonly<Record<string, readonly object[]>> = {
  ...Object.fromEntries(Object.keys(RECORDED).map((name) => [name, bodiesOf(name)])),
  deliver: bodiesOf('deliver').map((body: { event?: object }) => ({
    ...{ ...body, subscription: STRANGE[0], uid: UID },
    event: { ...body.event, eventId: EVENT_ID },
  })),
  record: [...bodiesOf('dispatch'), ...bodiesOf('evaluate')],
};

interface StrangeMessage {
  readonly to: string;
  readonly body: string;
}
const message: fc.Arbitrary<StrangeMessage> = fc
  .constantFrom(...Object.keys(VALID))
  .chain((to) => fc.record({ to: fc.constant(to), body: mutatedJson(VALID[to] ?? []) }));
const BATCH = 5;
/** Runs with the same stand. */
const RUNS = 20;

/** Messages of a stranger in every queue, in the same batches as valid ones. */
export const queueMessages = (plan: Plan): Target<StrangeMessage[]> => ({
  name: 'queue messages',
  inputs: fc.array(message, { minLength: BATCH, maxLength: BATCH }),
  batch: BATCH,
  async start() {
    let runs = 0;
    let companions: Companions;
    return {
      async run(messages) {
        if (runs++ % RUNS === 0) companions = await Companions.start(plan);
        const uid = companions.uid(0);
        return companions.with((stand) => {
          for (const [n, { to, body }] of messages.entries()) {
            const sent = body.replaceAll(`"${UID}"`, `"${uid}"`).replaceAll(`"${EVENT_ID}"`, `"event-${runs}-${n}"`);
            stand.queueOf(to).send(sent);
          }
        });
      },
    };
  },
});
