import { setImmediate as nextTurn } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { startDynamoDb } from '../../../../local/engines/services/dynamodb';
import { LOCAL_CLIENT_CONFIG } from '../../../../local/shared/client-config';

it('stops during requests without an error that ends the process', async () => {
  let scans = 0;
  let received = () => {};
  const allReceived = new Promise<void>((resolve) => (received = resolve));
  const engine = await startDynamoDb('us-east-1', ({ operation }) => {
    if (operation === 'Scan' && ++scans === 20) received();
  });
  const client = new DynamoDBClient({ ...LOCAL_CLIENT_CONFIG, endpoint: engine.endpoint, maxAttempts: 1 });
  engine.createTable({
    TableName: 'Table',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  });
  await client.send(new PutItemCommand({ TableName: 'Table', Item: { id: { S: 'a' } } }));
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  process.on('uncaughtException', onError);
  const scansInFlight = Array.from({ length: 20 }, () => client.send(new ScanCommand({ TableName: 'Table' })));
  const ended = Promise.allSettled(scansInFlight);
  await allReceived;
  await engine.stop();
  await ended;
  // Lets the engine finish its work for these requests.
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  process.off('uncaughtException', onError);
  client.destroy();
  expect(errors).toEqual([]);
});
