import { Duration, Token } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { EntraSignInSettings, SignInSettings } from '../../contract/custom-connector';
import { isHost, validateHosts } from '../shared/validate';
import type { ConnectorAction } from './connector-action';
import type { ConnectorSignIn } from './connector-sign-in';
import type { SubjectCatalogOptions } from './subject-catalog';

/** Limit on the requests to the custom connector's API, over all callers. */
export interface ApiThrottle {
  /** Requests a second, on average. */
  readonly rate: number;

  /** Requests that can arrive at the same time. */
  readonly burst: number;
}

/** Options of the custom connector's API. */
export interface ConnectorApiOptions extends SubjectCatalogOptions {
  /** How callers sign in: one or both ways. */
  readonly signIn: ConnectorSignIn[];

  /**
   * Optional actions. Flows can always register themselves and read lists. An action that is not selected has no route, and
   * `connect` has no permission for it.
   *
   * @default [ConnectorAction.READ, ConnectorAction.TEST, ConnectorAction.REPORT_OUTCOMES]
   */
  readonly actions?: ConnectorAction[];

  /**
   * Your own domain name for the API, such as `connector.example.com`. Requires `certificate`, and a DNS record that points to
   * `domain`. API Gateway's own address also stays valid, because flows unregister at the address where they registered.
   *
   * @default - API Gateway's own address
   */
  readonly domainName?: string;

  /**
   * Certificate for `domainName`, in the stack's Region.
   *
   * @default - none; required with `domainName`
   */
  readonly certificate?: acm.ICertificate;

  /**
   * Hosts that the callbacks of flows may have. Each entry is the end of a host name in lower case. Narrow it to the hosts of
   * your own environments, so that no flow of another tenant can be registered. A host that does not belong to Power Automate or
   * Logic Apps must also be in the connector's `extraFlowHosts`.
   *
   * @default - all hosts of Power Automate and of Logic Apps (Consumption)
   */
  readonly callbackHosts?: string[];

  /**
   * Limit on the requests of all callers. API Gateway responds to further requests with the status 429.
   *
   * @default - 20 requests a second, and bursts of 40
   */
  readonly throttle?: ApiThrottle;

  /**
   * Flows that one user, application or API key can register: 1 to 1,000.
   *
   * @default 100
   */
  readonly maxFlowsPerUser?: number;

  /**
   * Time from the unregistration of a flow to the removal of its subscription: 1 minute to 1 day. An edit can unregister a flow
   * before it registers the flow again. Until then, its deliveries are held.
   *
   * @default Duration.minutes(10)
   */
  readonly endGrace?: Duration;

  /**
   * Log group of the access log. It has an entry for each request, without path, query, headers and body.
   *
   * @default - a new log group
   */
  readonly accessLog?: logs.ILogGroup;

  /**
   * Whether API Gateway also checks tokens, so that requests without a valid token do not invoke the function. Only for
   * `ConnectorSignIn.entra` alone. API Gateway accepts one issuer: set `requestedAccessTokenVersion` of the app registration to 2.
   * The function checks every caller, with and without this option.
   *
   * @default false
   */
  readonly gatewayAuthorizer?: boolean;
}

export function customDomainOf({ domainName, certificate }: ConnectorApiOptions) {
  if (domainName === undefined && certificate === undefined) return undefined;
  if (domainName === undefined) throw new Error('certificate needs a domainName: write the domain name of the API');
  if (certificate === undefined) {
    throw new Error('domainName needs a certificate: pass one of AWS Certificate Manager in the same Region');
  }
  if (Token.isUnresolved(domainName) || isHost(domainName)) return { domainName, certificate };
  throw new Error(
    `domainName is '${domainName}': write a host name in lower case, such as 'connector.example.com', without scheme, port and path`,
  );
}

export function onlyEntra({ keys, entra }: SignInSettings): EntraSignInSettings {
  if (entra && !keys) return entra;
  throw new Error(
    'gatewayAuthorizer works only with ConnectorSignIn.entra alone, because API Gateway cannot check keys: leave it out',
  );
}

export function throttleOf({ throttle = { rate: 20, burst: 40 } }: ConnectorApiOptions): ApiThrottle {
  const { rate, burst } = throttle;
  if (!Token.isUnresolved(rate) && !(rate > 0)) {
    throw new Error(`throttle.rate is ${rate}: write a number of requests a second above 0`);
  }
  if (!Token.isUnresolved(burst) && !(Number.isInteger(burst) && burst >= 1)) {
    throw new Error(`throttle.burst is ${burst}: write a whole number of requests, at least 1`);
  }
  return throttle;
}

export function validateCallbackHosts(hosts: string[] | undefined): void {
  if (hosts?.length === 0) {
    throw new Error('callbackHosts is empty: write a host, or leave it out to allow all hosts of Power Automate');
  }
  validateHosts('callbackHosts', hosts ?? []);
}

export function validateMaxFlowsPerUser(flows: number): void {
  if (Token.isUnresolved(flows) || (Number.isInteger(flows) && flows >= 1 && flows <= 1000)) return;
  throw new Error(`maxFlowsPerUser is ${flows}: write a whole number from 1 to 1000`);
}

export function validateEndGrace(endGrace: Duration): void {
  if (endGrace.isUnresolved()) return;
  const seconds = endGrace.toSeconds({ integral: false });
  if (seconds >= 60 && seconds <= Duration.days(1).toSeconds() && Number.isInteger(seconds)) return;
  throw new Error(`endGrace is ${endGrace.toHumanString()}: write 1 minute to 1 day, in whole seconds`);
}
