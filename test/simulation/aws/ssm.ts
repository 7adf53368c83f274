import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { Network, Worker } from '../world/network';
import { named } from './dynamodb';

/**
 * Parameters of Parameter Store (Systems Manager API reference, GetParameter, "Errors" and "Common Errors"): requests can be
 * throttled, and a SecureString whose key is disabled cannot be decrypted.
 */
export class SimulatedParameterStore {
  /** A disabled key cannot decrypt until an operator enables it. */
  isKeyDisabled = false;
  private readonly parameters = new Map<string, string>();

  constructor(private readonly network: Network) {}

  /** Stores or rotates a SecureString. */
  put(name: string, text: string): void {
    this.parameters.set(name, text);
  }

  client(worker: Worker): SSMClient {
    const send = (command: object) =>
      this.network.call(worker, command.constructor.name, () => this.perform(command), {
        refused: 'secret throttled',
        answerLost: 'secret answer lost',
        error: () => named('ThrottlingException', 'the simulated Parameter Store is throttled'),
      });
    return Object.create(SSMClient.prototype, { send: { value: send }, config: { value: {} } });
  }

  private perform(command: object): unknown {
    if (!(command instanceof GetParameterCommand)) {
      throw new TypeError(`the simulated Parameter Store does not implement ${command.constructor.name}`);
    }
    const Value = this.parameters.get(String(command.input.Name));
    if (Value === undefined) throw named('ParameterNotFound', 'there is no such simulated parameter');
    if (this.isKeyDisabled) throw named('InvalidKeyId', 'the key of the simulated parameter is disabled');
    return { Parameter: { Value } };
  }
}
