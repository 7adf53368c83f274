export { type LocalApp, type LocalAppOptions, startLocalApp } from './app';
export type { DeadLetter, LocalFunction, LocalQueue, LocalStack, LocalStackOptions } from './local-stack';
export { messagesIn } from './local-stack';
export { startLocalStack } from './start';
