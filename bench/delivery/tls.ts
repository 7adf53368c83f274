import { join } from 'node:path';

const FOLDER = join(__dirname, '..', '..', 'test', 'support', 'servers', 'tls');

/** A certificate for the loopback address and its key, which is public. Callers must trust the certificate. */
export const CERTIFICATE_FILE = join(FOLDER, 'loopback-cert.pem');
export const KEY_FILE = join(FOLDER, 'loopback-key.pem');
