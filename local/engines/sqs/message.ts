import { hash } from 'node:crypto';

/** An attribute as the API writes it (SQS API reference, MessageAttributeValue). `BinaryValue` is base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message in a queue. Times are epoch milliseconds. */
export interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly sentAt: number;
  receiveCount: number;
  firstReceivedAt: number | undefined;
}

export const md5 = (text: string): string => hash('md5', text);

/** Undefined without attributes (developer guide, "Calculating the MD5 message digest for message attributes"). */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts = names.flatMap((name) => {
    const { DataType, StringValue = '', BinaryValue = '' } = attributes[name] as MessageAttribute;
    const isBinary = DataType.startsWith('Binary');
    const value = isBinary ? Buffer.from(BinaryValue, 'base64') : Buffer.from(StringValue);
    return [...sized(Buffer.from(name)), ...sized(Buffer.from(DataType)), Buffer.of(isBinary ? 2 : 1), ...sized(value)];
  });
  return hash('md5', Buffer.concat(parts));
}

/** Bytes behind their length in four bytes. */
function sized(bytes: Buffer): [Buffer, Buffer] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}

/** Size of the body and of the attributes' names, types and values, as SQS counts it (developer guide, "Message metadata"). */
export function messageBytes(body: string, attributes: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = '', BinaryValue = '' }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
    bytes += Buffer.byteLength(BinaryValue, 'base64');
  }
  return bytes;
}
