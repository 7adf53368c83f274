/** Configuration of SDK clients for the local endpoints, which do not check credentials. */
export const ANYBODY = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
