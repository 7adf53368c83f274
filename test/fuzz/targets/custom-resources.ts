import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Plan } from '../../../local/template/model/plan';
import type { Result, Target } from '../fuzz';
import { mostlyMutated, mutated, mutatedJson } from '../mutations';
import { hidden } from '../secrets';
import { Stand } from '../stand';

interface Request {
  readonly ResourceProperties: { readonly Entry: string };
  readonly [key: string]: unknown;
}
const VALID: readonly Request[] = JSON.parse(
  readFileSync(join(__dirname, '../../fixtures/versions/0.1.0/requests.json'), 'utf8'),
);
const entryOf = ({ ResourceProperties }: Request): object => JSON.parse(ResourceProperties.Entry);

/** A request, in which either the entry or the rest is changed. */
const request = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(...VALID).chain((valid) =>
      mutatedJson([entryOf(valid)]).map((Entry) => ({
        ...valid,
        ResourceProperties: { ...valid.ResourceProperties, Entry },
      })),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...VALID).chain((valid) => mostlyMutated([valid])) },
  { weight: 1, arbitrary: mutated(VALID) },
);

/** Response object of a custom resource, bytes (CloudFormation user guide). */
const MAX_RESPONSE_BYTES = 4096;
const FIELDS = ['Status', 'Reason', 'PhysicalResourceId', 'StackId', 'RequestId', 'LogicalResourceId'];
/** Runs with the same stand. */
const RUNS = 50;

/** Requests of CloudFormation for declared subscriptions. */
export const customResources = (plan: Plan): Target<unknown> => ({
  name: 'custom resources',
  inputs: request,
  async start() {
    let runs = 0;
    let stand: Stand;
    const bodies: string[] = [];
    const putResponse = async (_: URL, body: string) => {
      bodies.push(body);
      return 200;
    };
    const begin = async () => {
      const made = new Stand(plan, { putResponse });
      await made.invoke('register', VALID[0] as Request);
      return made;
    };
    return {
      async run(event): Promise<Result> {
        if (runs++ % RUNS === 0) stand = await begin();
        bodies.length = 0;
        stand.logs.length = 0;
        stand.problems.length = 0;
        // The Lambda service passes any JSON.
        const sent = JSON.parse(JSON.stringify(event ?? null)) as Record<string, unknown> | null;
        const url = sent !== null && typeof sent === 'object' ? sent.ResponseURL : undefined;
        const isAnswerable = typeof url === 'string' && URL.canParse(url);
        const errors: unknown[] = [];
        try {
          await stand.invoke('register', sent as object);
        } catch (error) {
          errors.push(error);
        }
        await stand.drain();
        const problems = [...stand.problems];
        if (stand.world.broken) problems.push(`the simulation is broken: ${stand.world.broken.stack}`);
        if (bodies.length !== (isAnswerable ? 1 : 0)) {
          problems.push(
            `${bodies.length} responses to a request ${isAnswerable ? 'with' : 'without'} a URL: ${hidden(errors)}`,
          );
        }
        if (isAnswerable && errors.length > 0) problems.push(`throws ${hidden(errors)}`);
        const responses = bodies.map((body) => JSON.parse(body));
        for (const response of responses) problems.push(...mistakesOf(response, sent ?? {}));
        // The other fields repeat the request, as CloudFormation demands. The ids of the resource name its manager.
        const isNamed = VALID.some((one) => ['StackId', 'LogicalResourceId'].every((id) => one[id] === sent?.[id]));
        const shown = [...stand.logs, ...responses.map(({ Reason }) => Reason), errors];
        if (!isNamed) stand = await begin();
        return { problems, shown, stored: isNamed ? [stand.rows] : [] };
      },
    };
  },
});

function mistakesOf(
  response: Record<string, unknown>,
  { StackId, RequestId, LogicalResourceId }: Record<string, unknown>,
) {
  const text = JSON.stringify(response);
  const isOdd = [StackId, RequestId, LogicalResourceId, response.PhysicalResourceId].some(
    (one) => typeof one !== 'string' || one.length > 200,
  );
  const problems: string[] = [];
  if (!isOdd && Buffer.byteLength(text) > MAX_RESPONSE_BYTES) problems.push(`the response is too long: ${text}`);
  const { Status, Reason } = response;
  if (Status !== 'SUCCESS' && (typeof Reason !== 'string' || Reason.length < 10)) problems.push(`no reason: ${text}`);
  for (const name of Object.keys(response)) if (!FIELDS.includes(name)) problems.push(`an unknown field ${name}`);
  return problems;
}
