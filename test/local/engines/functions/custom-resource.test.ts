import { afterEach, describe, expect, it } from 'vitest';
import { type LocalStack, startLocalStack } from '../../../../local/stack';
import { functionResource, role, temporaryAssembly } from '../../temporary-assembly';

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
/** A function that logs the request and sends `response(event, ids)`. */
const responding = (response: string) => `
const { request } = require('node:http');
exports.handler = (event) => new Promise((resolve, reject) => {
  console.log(JSON.stringify(event));
  const { StackId, RequestId, LogicalResourceId } = event;
  const ids = { StackId, RequestId, LogicalResourceId };
  const req = request(event.ResponseURL, { method: 'PUT' }, (res) => res.resume().on('end', resolve));
  req.on('error', reject).end(JSON.stringify((${response})(event, ids)));
});`;
const SUCCESS =
  "(event, ids) => ({ Status: 'SUCCESS', PhysicalResourceId: 'id-of-' + event.LogicalResourceId, ...ids })";

describe('custom resources', () => {
  it('are created by their function in dependency order, with the requests of CloudFormation', async () => {
    const stack = await start(
      {
        Second: custom({ Number: 5, Deep: { List: [true, 'text'] }, Url: { Ref: 'Queue' } }, { DependsOn: 'First' }),
        First: custom(),
        Queue: { Type: 'AWS::SQS::Queue' },
      },
      responding(SUCCESS),
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
      responding(
        "(event, ids) => ({ Status: 'FAILED', Reason: 'the name is taken', PhysicalResourceId: 'x', ...ids })",
      ),
      'First (Custom::Thing): the name is taken',
    ],
    [
      'throws',
      'exports.handler = async () => { throw new TypeError("a fault"); };',
      'Maker failed: TypeError: a fault',
    ],
    [
      'sends no response',
      'exports.handler = async () => {};',
      'First (Custom::Thing): its function Maker failed: it sent no response',
    ],
    [
      'responds to another request',
      responding("(event, ids) => ({ Status: 'SUCCESS', ...ids, RequestId: 'x' })"),
      'RequestId differs',
    ],
    ['responds without a status', responding('(event, ids) => ids'), 'Status is neither SUCCESS nor FAILED'],
    [
      'responds without an id',
      responding("(event, ids) => ({ Status: 'SUCCESS', ...ids })"),
      'PhysicalResourceId is not a string',
    ],
    [
      'sends a response that is too large',
      responding("(event, ids) => ({ Status: 'SUCCESS', PhysicalResourceId: 'x', Data: 'x'.repeat(4096), ...ids })"),
      'more than 4096 bytes',
    ],
    [
      'sends a response that is not JSON',
      responding('() => undefined').replace('.end(JSON.stringify', '.end(String'),
      'not a JSON object',
    ],
  ])('fail the start with the resource and the reason if the function %s', async (_, code, message) => {
    await expect(start({ First: custom() }, code)).rejects.toThrow(message);
  });

  it.each<[string, Record<string, unknown>, object, string]>([
    [
      'of a function outside the template',
      { First: custom({ ServiceToken: 'arn:aws:lambda:us-east-1:1:function:x' }) },
      {},
      'First.ServiceToken: the local run implements only custom resources of functions of the template',
    ],
    ['of the CDK', { First: { ...custom(), Type: 'Custom::AWS' } }, {}, 'the resource type Custom::AWS'],
    [
      'of the provider framework',
      { First: custom() },
      { USER_ON_EVENT_FUNCTION_ARN: 'x' },
      "does not implement the CDK's provider framework (Maker)",
    ],
    [
      'that other resources reference',
      { First: custom(), Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { Ref: 'First' } } } },
      {},
      'Queue.QueueName: the local run does not implement references to First',
    ],
    [
      'whose attributes other resources use',
      {
        First: custom(),
        Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::GetAtt': ['First', 'A'] } } },
      },
      {},
      'does not implement the attribute A of First (Custom::Thing)',
    ],
  ])('%s are rejected by name', async (_, resources, variables, message) => {
    await expect(start(resources, responding(SUCCESS), variables)).rejects.toThrow(message);
  });
});
