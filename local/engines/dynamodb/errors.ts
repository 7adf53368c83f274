import { AwsError } from '../protocol/aws-json';

/** An error of DynamoDB that names its model, as the service does. */
export const dynamoDbError = (name: string, message: string): AwsError =>
  new AwsError(`com.amazonaws.dynamodb.v20120810#${name}`, message);

/** An invalid request. */
export const invalid = (message: string): AwsError =>
  new AwsError('com.amazon.coral.validate#ValidationException', message);

/** @param Item the item whose condition does not hold, if the request asks for it. */
export const conditionFailed = (Item: object | undefined): AwsError =>
  new AwsError(
    'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
    'The conditional request failed',
    400,
    Item && { Item },
  );
