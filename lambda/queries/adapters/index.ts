import type { AthenaClient } from '@aws-sdk/client-athena';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import type { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { Query } from '../../../contract/queries';
import type { QueryService, QueryState, QueryTick, RunningQuery } from '../core/measure';
import { athenaQueries } from './athena';
import { metricQueries } from './cloudwatch';
import { segmentEstimates } from './customer-profiles';
import { redshiftQueries } from './redshift-data';

export interface QueryClients {
  readonly athena: AthenaClient;
  readonly redshift: RedshiftDataClient;
  readonly cloudwatch: CloudWatchClient;
  readonly profiles: CustomerProfilesClient;
}

interface Service<Q extends Query> {
  begin(query: Q, tick: QueryTick): Promise<QueryState>;
  look(query: Q, running: RunningQuery): Promise<QueryState>;
}
type Services = { readonly [S in Query['service']]: Service<Extract<Query, { service: S }>> };

/** Runs queries on the services that they name. */
export function queryServices(clients: QueryClients): QueryService {
  const services: Services = {
    athena: athenaQueries(clients.athena),
    'redshift-data': redshiftQueries(clients.redshift),
    cloudwatch: metricQueries(clients.cloudwatch),
    'customer-profiles': segmentEstimates(clients.profiles),
  };
  const of = (query: Query) => services[query.service] as Service<Query>;
  return {
    begin: (query, tick) => of(query).begin(query, tick),
    look: (query, running) => of(query).look(query, running),
  };
}
