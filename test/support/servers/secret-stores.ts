import { KMSClient } from '@aws-sdk/client-kms';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { flowOpener } from '../../../lambda/delivery/adapters/flow-opener';
import { type SecretClients, secretReader } from '../../../lambda/delivery/adapters/secret-reader';
import type { DeliverPorts } from '../../../lambda/delivery/core/ports';
import type { Clock } from '../../../lambda/shared/core/ports';
import { flowUrlOpener, sealFlowUrl } from '../../../lambda/subscriptions/adapters/flow-url-seal';
import type { SealedFlowUrl } from '../../../lambda/subscriptions/core/subscription';
import type { AwsError } from '../../../local/engines/protocol/aws-json';
import { type Endpoint, startEndpoint } from '../../../local/engines/protocol/endpoint';
import { kmsOperations, type RandomBytes } from '../../../local/engines/services/kms';
import { secretsManagerOperations } from '../../../local/engines/services/secrets-manager';
import { ssmOperations } from '../../../local/engines/services/ssm';
import { ACCOUNT, REGION } from '../../../local/shared/environment';
import { secretOf } from '../../../local/template/resources/secrets-manager';
import { parameterOf } from '../../../local/template/resources/ssm';

const KEY = { keyId: 'key-1', arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/key-1`, description: '', aliases: [] };

/** The stores of flow URLs: the embedded KMS, Secrets Manager and Systems Manager with the real adapters. */
export class SecretStores {
  /** `X-Amz-Target` of each request, in order. */
  readonly calls: string[] = [];
  /** Returns the error with which a request fails. Undefined if it succeeds. */
  failing: (target: string) => AwsError | undefined = () => undefined;
  readonly kms: KMSClient;
  readonly clients: SecretClients;

  private constructor(
    private readonly endpoint: Endpoint,
    random: RandomBytes | undefined,
  ) {
    const config = {
      endpoint: endpoint.url,
      region: REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    };
    this.kms = new KMSClient(config);
    this.clients = { secretsManager: new SecretsManagerClient(config), ssm: new SSMClient(config) };
    this.serve(kmsOperations([KEY], random));
    this.empty();
  }

  /** @param random passed to `kmsOperations`. */
  static async start(random?: RandomBytes): Promise<SecretStores> {
    return new SecretStores(await startEndpoint({ port: 0 }), random);
  }

  /** Removes all secrets and parameters. */
  empty(): void {
    this.serve({ ...secretsManagerOperations([]), ...ssmOperations([]) });
  }

  /** Replaces all secrets with one, and returns its ARN. */
  async putSecret(name: string, value: string | Uint8Array): Promise<string> {
    const secret = secretOf(name, typeof value === 'string' ? value : '', ACCOUNT, REGION);
    this.serve(secretsManagerOperations([secret]));
    if (typeof value !== 'string') {
      await this.clients.secretsManager.send(new PutSecretValueCommand({ SecretId: name, SecretBinary: value }));
    }
    return secret.arn;
  }

  /** Replaces all parameters with one SecureString, and returns its ARN. */
  putParameter(name: string, value: string): string {
    const parameter = parameterOf(name, value, ACCOUNT, REGION);
    this.serve(ssmOperations([parameter]));
    return parameter.arn;
  }

  seal(subscription: string, url: string): Promise<SealedFlowUrl> {
    return sealFlowUrl(this.kms, KEY.arn, subscription, url);
  }

  /** Opens flow URLs like a new container of `deliver`. */
  opener(clock: Clock): DeliverPorts['open'] {
    const secrets = secretReader(this.clients, clock);
    return flowOpener({ unseal: flowUrlOpener(this.kms), secrets, accepted: { loopback: true } });
  }

  async stop(): Promise<void> {
    this.kms.destroy();
    this.clients.secretsManager.destroy();
    this.clients.ssm.destroy();
    await this.endpoint.stop();
  }

  private serve(operations: ReturnType<typeof kmsOperations>): void {
    const watched = Object.entries(operations).map(([target, operation]) => {
      const answer: typeof operation = (input) => {
        this.calls.push(target);
        const error = this.failing(target);
        if (error) throw error;
        return operation(input);
      };
      return [target, answer];
    });
    this.endpoint.serve(Object.fromEntries(watched));
  }
}
