import { afterEach, expect, it } from 'vitest';
import { startLocalApp } from '../../../local/stack';
import { temporaryAssembly } from '../temporary-assembly';

const removals: (() => void)[] = [];
afterEach(() => {
  for (const remove of removals.splice(0)) remove();
});

/** Starts an app whose stacks have one resource each. */
function start(...types: string[]) {
  const assemblies = types.map((Type) => temporaryAssembly({ Resource: { Type } }));
  removals.push(...assemblies.map(({ remove }) => remove));
  return startLocalApp({ templateFiles: assemblies.map(({ templateFile }) => templateFile) });
}

it('refuses several stacks without a connector', async () => {
  const message = 'no stack of the app has a connector: add a PowerAutomateConnector to one of Shop, Shop';
  await expect(start('AWS::SQS::Queue', 'AWS::SQS::Queue')).rejects.toThrow(message);
});

it('names the stack that it cannot run, and the option to run another one alone', async () => {
  const message =
    'Shop: Resource: the local run does not implement the resource type AWS::Kinesis::Stream. To run one stack of the app alone, use --stack NAME';
  await expect(start('AWS::SQS::Queue', 'AWS::Kinesis::Stream')).rejects.toThrow(message);
});

it('starts a single stack without a connector, like startLocalStack', async () => {
  const { connectorStack, otherStacks } = await start('AWS::SQS::Queue');
  await connectorStack.stop();
  expect(connectorStack.queues()).toHaveLength(1);
  expect(otherStacks).toEqual([]);
});
