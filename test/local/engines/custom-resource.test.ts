import { afterEach, describe, expect, it } from 'vitest';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { functionResource, role, temporaryAssembly } from '../temporary-assembly';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const lines: string[] = [];
async function start(resources: Record<string, unknown>, code: string, variables: object = {}): Promise<LocalStack> {
  lines.length = 0;
  const maker = functionResource('code', { Timeout: 30 }, variables);
  const assembly = temporaryAssembly({ Role: role, Maker: maker, ...resources }, { code });
  cleanups.push(assembly.remove);
  const { templateFile } = assembly;
  const stack = await startLocalStack({ templateFile, onLog: (_, line) => lines.push(line) });
  cleanups.push(() => stack.stop());
  return stack;
}

const custom = (properties: object = {}, more: object = {}) => ({
  Type: 'Custom::Thing',
  Properties: { ServiceToken: { 'Fn::GetAtt': ['Maker', 'Arn'] }, ...properties },
  ...more,
});
/** A function that logs the request and puts `answer(event)`. */
const answering = (answer: string) => `
const { request } = require('node:http');
exports.handler = (event) => new Promise((resolve, reject) => {
  console.log(JSON.stringify(event));
  const { StackId, RequestId, LogicalResourceId } = event;
  const same = { StackId, RequestId, LogicalResourceId };
  const req = request(event.ResponseURL, { method: 'PUT' }, (res) => res.resume().on('end', resolve));
  req.on('error', reject).end(JSON.stringify((${answer})(event, same)));
});`;
const SUCCESS =
  "(event, same) => ({ Status: 'SUCCESS', PhysicalResourceId: 'id-of-' + event.LogicalResourceId, ...same })";

describe('custom resources', () => {
  it('are made by their function, each after those that it depends on, as CloudFormation asks for it', async () => {
    const stack = await start(
      {
        Second: custom({ Number: 5, Deep: { List: [true, 'text'] }, Url: { Ref: 'Queue' } }, { DependsOn: 'First' }),
        First: custom(),
        Queue: { Type: 'AWS::SQS::Queue' },
      },
      answering(SUCCESS),
    );
    const [first, second] = lines.map((line) => JSON.parse(line));
    const url = `${stack.endpoint}/`;
    expect(first).toMatchObject({ LogicalResourceId: 'First' });
    expect(second).toEqual({
      RequestType: 'Create',
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ResponseURL: expect.stringContaining(url),
      StackId: expect.stringMatching(/^arn:aws:cloudformation:us-east-1:\d{12}:stack\/Shop\//),
      ResourceType: 'Custom::Thing',
      LogicalResourceId: 'Second',
      ServiceToken: expect.stringMatching(/^arn:aws:lambda:.*Maker/),
      ResourceProperties: {
        ServiceToken: expect.stringMatching(/^arn:aws:lambda:.*Maker/),
        Number: '5',
        Deep: { List: ['true', 'text'] },
        Url: stack.physicalId('Queue'),
      },
    });
    expect(stack.physicalId('Second')).toBe('id-of-Second');
  });

  it.each<[string, string, string]>([
    [
      'fails',
      answering(
        "(event, same) => ({ Status: 'FAILED', Reason: 'the name is taken', PhysicalResourceId: 'x', ...same })",
      ),
      'First (Custom::Thing): the name is taken',
    ],
    [
      'throws',
      'exports.handler = async () => { throw new TypeError("a fault"); };',
      'Maker failed: TypeError: a fault',
    ],
    [
      'does not answer',
      'exports.handler = async () => {};',
      'First (Custom::Thing): its function Maker failed: it did not',
    ],
    [
      'answers another request',
      answering("(event, same) => ({ Status: 'SUCCESS', ...same, RequestId: 'x' })"),
      'RequestId is not',
    ],
    ['answers without a status', answering('(event, same) => same'), 'Status is neither SUCCESS nor FAILED'],
    [
      'answers without an id',
      answering("(event, same) => ({ Status: 'SUCCESS', ...same })"),
      'PhysicalResourceId is no text',
    ],
    [
      'answers at too great length',
      answering("(event, same) => ({ Status: 'SUCCESS', PhysicalResourceId: 'x', Data: 'x'.repeat(4096), ...same })"),
      'more than 4096 bytes',
    ],
    [
      'answers with no JSON',
      answering('() => undefined').replace('.end(JSON.stringify', '.end(String'),
      'no JSON object',
    ],
  ])('end the run with the resource and the reason when the function %s', async (_, code, message) => {
    await expect(start({ First: custom() }, code)).rejects.toThrow(message);
  });

  it.each<[string, Record<string, unknown>, object, string]>([
    [
      'of a function elsewhere',
      { First: custom({ ServiceToken: 'arn:aws:lambda:us-east-1:1:function:x' }) },
      {},
      'First.ServiceToken: the local run implements functions of the template',
    ],
    ["of the CDK's own", { First: { ...custom(), Type: 'Custom::AWS' } }, {}, 'the resource type Custom::AWS'],
    [
      'of the provider framework',
      { First: custom() },
      { USER_ON_EVENT_FUNCTION_ARN: 'x' },
      "does not implement the CDK's provider framework (Maker)",
    ],
    [
      'that others refer to',
      { First: custom(), Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: 'First' } } } },
      {},
      'Queue.QueueName: the local run does not implement references to First',
    ],
    [
      'whose attributes others use',
      {
        First: custom(),
        Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['First', 'A'] } } },
      },
      {},
      'does not implement the attribute A of First (Custom::Thing)',
    ],
  ])('%s are refused by name', async (_, resources, variables, message) => {
    await expect(start(resources, answering(SUCCESS), variables)).rejects.toThrow(message);
  });
});
