import { required } from './environment';

/**
 * Replaces the SDK's chain of credential providers in the bundles of the functions (scripts/build.mjs). Lambda sets these
 * variables, and they are valid as long as the function's process. The chain is half of a bundle, and each cold start would parse it.
 */
export const defaultProvider = () => {
  let known: ReturnType<typeof credentials> | undefined;
  // The SDK asks for each request.
  return async () => {
    known ??= credentials();
    return known;
  };
};

const credentials = () => ({
  accessKeyId: required('AWS_ACCESS_KEY_ID'),
  secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
  sessionToken: process.env.AWS_SESSION_TOKEN,
});
