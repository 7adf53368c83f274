export type { DeadLetter, LocalFunction, LocalQueue, LocalStack, LocalStackOptions } from './local-stack';
export { messagesIn } from './local-stack';
export { startLocalStack } from './start';
