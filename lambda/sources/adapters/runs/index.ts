import type { AppflowClient } from '@aws-sdk/client-appflow';
import type { AthenaClient } from '@aws-sdk/client-athena';
import type { DataBrewClient } from '@aws-sdk/client-databrew';
import type { DataSyncClient } from '@aws-sdk/client-datasync';
import type { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import type { GlueClient } from '@aws-sdk/client-glue';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { ReconcilableKind } from '../../../../contract/sources';
import type { ListedRun, RunLister } from '../../core/reconcile';
import { appFlowRuns } from './appflow';
import { athenaRuns } from './athena';
import { dataSyncRuns } from './datasync';
import { emrServerlessRuns } from './emr-serverless';
import { dataBrewRuns, glueRuns } from './job-run';
import { stepFunctionsRuns } from './step-functions';

export interface RunClients {
  readonly appFlow: AppflowClient;
  readonly glue: GlueClient;
  readonly dataBrew: DataBrewClient;
  readonly emrServerless: EMRServerlessClient;
  readonly dataSync: DataSyncClient;
  readonly athena: AthenaClient;
  readonly stepFunctions: SFNClient;
}

type List = (name: string, since: number) => AsyncIterable<readonly ListedRun[]>;

/** Lists the runs of sources from their services. */
export function runLister(clients: RunClients): RunLister {
  const lists: Readonly<Record<ReconcilableKind, List>> = {
    appflow: (name, since) => appFlowRuns(clients.appFlow, name, since),
    'glue-job': (name, since) => glueRuns(clients.glue, name, since),
    databrew: (name, since) => dataBrewRuns(clients.dataBrew, name, since),
    'emr-serverless': (name, since) => emrServerlessRuns(clients.emrServerless, name, since),
    datasync: (name) => dataSyncRuns(clients.dataSync, name),
    athena: (name, since) => athenaRuns(clients.athena, name, since),
    'step-functions': (name, since) => stepFunctionsRuns(clients.stepFunctions, name, since),
  };
  return { list: (kind, name, since) => lists[kind](name, since) };
}
