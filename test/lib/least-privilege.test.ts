import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KNOWN_DETAIL_TYPES } from '../../lib/private/contract';
import type { LoadedTemplate } from '../../local/template/template';
import { type Exercise, exercise } from '../support/exercise';
import { privilegeProblems, TOLERANCES } from '../support/least-privilege';
import { list } from './support';

const outdir = mkdtempSync(join(tmpdir(), 'least-privilege-test-'));
let run: Exercise;
beforeAll(async () => {
  run = await exercise(outdir);
}, 120_000);
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: a template is what it is
type Resources = Record<string, any>;
interface Statement {
  Effect: 'Allow';
  Action: string | string[];
  Resource: unknown;
}

/** The template with its resources changed. */
function changed(change: (resources: Resources) => void): LoadedTemplate {
  const template = structuredClone(run.loaded.template);
  change(template.Resources as Resources);
  return { ...run.loaded, template };
}

/** The statements of a function's role, by a part of the function's logical id. */
function statementsOf(resources: Resources, name: string): Statement[] {
  const [policy] = Object.entries(resources).filter(
    ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.includes(`${name}Role`),
  );
  return policy?.[1].Properties.PolicyDocument.Statement;
}

function statementWith(resources: Resources, name: string, action: string): Statement {
  const found = statementsOf(resources, name).find(({ Action }) => list(Action).includes(action));
  if (!found) throw new Error(`no statement of ${name} allows ${action}`);
  return found;
}

const textsOf = async (loaded: LoadedTemplate): Promise<string[]> =>
  (await privilegeProblems(loaded, run.calls)).map(({ text }) => text);

it('makes the functions do whatever they can do, and none of them fails', () => {
  expect([...run.detailTypes].toSorted()).toEqual(
    [...KNOWN_DETAIL_TYPES, 'NoSuchEvent', 'Glue Job State Change'].toSorted(),
  );
  expect(run.failures).toEqual([]);
  const [before, after] = run.leftovers;
  expect(before).toEqual({ intents: 1, intentParts: 3, items: 4, runs: 2, subscriptions: 1, deaths: 1 });
  expect(after).toEqual({ intents: 0, intentParts: 0, items: 0, runs: 0, subscriptions: 0, deaths: 0 });
});

it('allows every call that a function makes, and nothing that none makes', async () => {
  expect(await textsOf(run.loaded)).toEqual([]);
});

describe('reports', () => {
  it('the calls of every statement that is taken away', async () => {
    const all = Object.entries(run.loaded.template.Resources as Resources).filter(
      ([, { Type }]) => Type === 'AWS::IAM::Policy',
    );
    const tolerated = TOLERANCES.flatMap(({ actions }) => actions);
    let taken = 0;
    for (const [policyId, { Properties }] of all) {
      for (const [n, { Action }] of (Properties.PolicyDocument.Statement as Statement[]).entries()) {
        const without = changed((resources) => resources[policyId].Properties.PolicyDocument.Statement.splice(n, 1));
        const problems = await privilegeProblems(without, run.calls);
        const actions = list(Action).filter((action) => !tolerated.includes(action));
        expect([...new Set(problems.map(({ action }) => action))].toSorted(), policyId).toEqual(actions.toSorted());
        for (const { text } of problems) expect(text).toContain('which its role does not allow');
        taken++;
      }
    }
    expect(taken).toBeGreaterThan(20);
  });

  it('an action that is never called, on a table that is', async () => {
    const more = changed((resources) => {
      const onTable = statementWith(resources, 'Deliver', 'dynamodb:PutItem');
      onTable.Action = [...list(onTable.Action), 'dynamodb:Scan'];
    });
    expect(await textsOf(more)).toEqual([
      expect.stringMatching(
        /^ConnectorDeliveryDeliverFunction\w+ may dynamodb:Scan on arn:aws:dynamodb:us-east-1:000000000000:table\/Connector-ConnectorDeliveryTable\w+, which no call needs: /,
      ),
    ]);
  });

  it('an action that is called, on another resource', async () => {
    const Resource = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
    const more = changed((resources) =>
      statementsOf(resources, 'Sweep').push({ Effect: 'Allow', Action: 'events:PutEvents', Resource }),
    );
    expect(await textsOf(more)).toEqual([
      expect.stringMatching(
        /^ConnectorThresholdsSweepFunction\w+ may events:PutEvents on .*event-bus\/default, which no/,
      ),
    ]);
  });

  it('what two statements allow', async () => {
    const more = changed((resources) => {
      const put = statementWith(resources, 'Sweep', 'events:PutEvents');
      statementsOf(resources, 'Sweep').push(structuredClone(put));
    });
    // Either of them can go.
    expect(await textsOf(more)).toEqual(Array(2).fill(expect.stringContaining('may events:PutEvents on')));
  });

  it('a table where its index is meant, on both sides', async () => {
    const other = changed((resources) => {
      const onIndex = statementWith(resources, 'Dispatch', 'dynamodb:Query');
      const { 'Fn::Join': join } = onIndex.Resource as { 'Fn::Join': [string, unknown[]] };
      onIndex.Resource = join[1][0];
    });
    expect(await textsOf(other)).toEqual([
      expect.stringMatching(
        /Dispatch\w+ calls dynamodb:Query on \S+\/index\/by-trigger, which its role does not allow/,
      ),
      expect.stringMatching(/Dispatch\w+ may dynamodb:Query on [^/]+\/[^/]+, which no call needs/),
    ]);
  });

  it('patterns, of actions and of resources', async () => {
    const more = changed((resources) => {
      const { Resource } = statementWith(resources, 'Sweep', 'dynamodb:GetItem');
      statementsOf(resources, 'Sweep').push(
        { Effect: 'Allow', Action: 'dynamodb:*', Resource },
        { Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' },
      );
    });
    const texts = await textsOf(more);
    expect(texts).toContainEqual(expect.stringMatching(/may dynamodb:\* on .*, which is a pattern: write each action/));
    expect(texts).toContainEqual(
      expect.stringMatching(/may events:PutEvents on \*, which is a pattern: write the resource/),
    );
  });

  it('a tolerance that nothing needs any more', async () => {
    const less = changed((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        for (const statement of Type === 'AWS::IAM::Policy' ? Properties.PolicyDocument.Statement : []) {
          statement.Action = list<string>(statement.Action).filter((action) => action !== 'sqs:GetQueueUrl');
        }
      }
    });
    expect(await textsOf(less)).toEqual(['no role has sqs:GetQueueUrl for nothing any more: take the tolerance away']);
  });

  it('a managed policy of AWS', async () => {
    const name = 'arn:aws:iam::aws:policy/AdministratorAccess';
    const more = changed((resources) => {
      const [role] = Object.entries(resources).filter(
        ([id, { Type }]) => Type === 'AWS::IAM::Role' && id.includes('Sweep'),
      );
      Object.assign(role?.[1].Properties, { ManagedPolicyArns: [name] });
    });
    expect(await textsOf(more)).toEqual([
      expect.stringMatching(/Sweep.*AdministratorAccess.*not written in the template/),
    ]);
  });

  it('the policy of a key that lets nobody decrypt', async () => {
    const closed = changed((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        if (Type === 'AWS::KMS::Key') Properties.KeyPolicy.Statement[0].Action = 'kms:DescribeKey';
      }
    });
    const problems = await privilegeProblems(closed, run.calls);
    expect(problems).toContainEqual(expect.objectContaining({ action: 'kms:Decrypt' }));
  });
});
