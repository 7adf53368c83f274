import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Network, Worker } from '../world/network';
import { named } from './dynamodb';

/**
 * Secrets of Secrets Manager (API reference, GetSecretValue, "Errors" and "Common Errors"): requests can be throttled, a
 * secret whose key is disabled cannot be decrypted, and one that is marked for deletion cannot be read.
 */
export class SimulatedSecretsManager {
  /** A disabled key cannot decrypt until an operator enables it. */
  isKeyDisabled = false;
  private readonly secrets = new Map<string, string>();
  private readonly deleted = new Set<string>();

  constructor(private readonly network: Network) {}

  /** Stores or rotates a secret. */
  put(name: string, text: string): void {
    this.secrets.set(name, text);
    this.deleted.delete(name);
  }

  /** Marks a secret for deletion. `put` restores it. */
  delete(name: string): void {
    this.deleted.add(name);
  }

  text(name: string): string | undefined {
    return this.secrets.get(name);
  }

  client(worker: Worker): SecretsManagerClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command), {
        refused: 'secret throttled',
        answerLost: 'secret answer lost',
        error: () => named('ThrottlingException', 'the simulated Secrets Manager is throttled'),
      });
    return Object.create(SecretsManagerClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  private perform(command: object): unknown {
    if (!(command instanceof GetSecretValueCommand)) {
      throw new TypeError(`the simulated Secrets Manager does not implement ${command.constructor.name}`);
    }
    const name = String(command.input.SecretId);
    const SecretString = this.secrets.get(name);
    if (SecretString === undefined) throw named('ResourceNotFoundException', 'there is no such simulated secret');
    if (this.deleted.has(name)) throw named('InvalidRequestException', 'the simulated secret is marked for deletion');
    if (this.isKeyDisabled) throw named('DecryptionFailure', 'the key of the simulated secret is disabled');
    return { SecretString };
  }
}
