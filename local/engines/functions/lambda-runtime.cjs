'use strict';
/**
 * Runs in a function's child process: loads the handler once, then runs one invocation at a time over IPC.
 * Input: { requestId, event, deadline (epoch ms), functionArn }. Output: { ready } or { initError } once, then per
 * invocation { requestId, payload (JSON) } or { requestId, error: { errorType, errorMessage, trace } }.
 * Context: AWS Lambda developer guide, "Using the Lambda context object to retrieve Node.js function information".
 * Node.js 24 functions have no callback argument.
 */
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

// The parent has exited or was killed; this process must not outlive it.
process.on('disconnect', () => process.exit());

const env = process.env;

function describe(thrown) {
  return thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, trace: String(thrown.stack).split('\n') }
    : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

async function load() {
  const dot = env._HANDLER.lastIndexOf('.');
  const base = join(env.LAMBDA_TASK_ROOT, env._HANDLER.slice(0, dot));
  const name = env._HANDLER.slice(dot + 1);
  const file = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find(existsSync);
  if (!file) {
    throw new Error(`Cannot find module '${base}' with .js, .mjs or .cjs`);
  }
  const module = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : require(file);
  if (typeof module[name] !== 'function') {
    throw new Error(`${env._HANDLER} is undefined or not exported`);
  }
  return module[name];
}

async function invoke(handler, { requestId, event, deadline, functionArn }) {
  try {
    const result = await handler(event, {
      awsRequestId: requestId,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      invokedFunctionArn: functionArn,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    });
    process.send({ requestId, payload: JSON.stringify(result) ?? 'null' });
  } catch (thrown) {
    process.send({ requestId, error: describe(thrown) });
  }
}

load().then(
  (handler) => {
    process.on('message', (message) => void invoke(handler, message));
    process.send({ ready: true });
  },
  (thrown) => process.send({ initError: describe(thrown) }, () => process.exit(1)),
);
