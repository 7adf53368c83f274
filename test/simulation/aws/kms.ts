import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import type { FlowUrlSource } from '../../../lambda/subscriptions/core/subscription';
import type { Network, Worker } from '../world/network';
import { named } from './dynamodb';

/** Encrypts and decrypts with an encryption context (KMS API reference, Encrypt and Decrypt). */
export class SimulatedKms {
  /** A disabled key cannot decrypt until an operator enables it. */
  isDisabled = false;

  constructor(private readonly network: Network) {}

  client(worker: Worker): KMSClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command), {
        refused: 'key throttled',
        answerLost: 'key answer lost',
        error: () => named('ThrottlingException', 'the simulated key is throttled'),
      });
    return Object.create(KMSClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  private perform(command: object): unknown {
    if (this.isDisabled) throw named('DisabledException', 'the simulated key is disabled');
    if (command instanceof EncryptCommand) {
      const { Plaintext = new Uint8Array(), EncryptionContext } = command.input;
      const sealed = { context: EncryptionContext, text: Buffer.from(Plaintext).toString('base64') };
      return { CiphertextBlob: Buffer.from(JSON.stringify(sealed)) };
    }
    if (command instanceof DecryptCommand) {
      const { CiphertextBlob = new Uint8Array(), EncryptionContext } = command.input;
      const { context, text } = JSON.parse(Buffer.from(CiphertextBlob).toString('utf8'));
      if (JSON.stringify(context) !== JSON.stringify(EncryptionContext)) {
        throw named('InvalidCiphertextException', 'the encryption context is another one');
      }
      return { Plaintext: Buffer.from(text, 'base64') };
    }
    throw new TypeError(`the simulated KMS does not implement ${command.constructor.name}`);
  }
}

/** The flow URL that the simulated key sealed, for an observer. Undefined: it is in a secret, or no flow is set. */
export function openedUrl(flow: FlowUrlSource | undefined): string | undefined {
  if (!flow || !('ciphertext' in flow)) return undefined;
  const { text } = JSON.parse(Buffer.from(flow.ciphertext, 'base64').toString('utf8'));
  return Buffer.from(text, 'base64').toString('utf8');
}
