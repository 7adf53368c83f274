import type { LambdaFunction } from '../engines/functions/lambda';
import { type HttpApi, startHttpApi } from '../engines/services/http-api';
import type { Cleanups } from '../shared/cleanups';
import type { Plan } from '../template/model/plan';

/** The started HTTP APIs of a stack. */
export interface HttpApis {
  /** The address of an API by its logical id, without a path. */
  url(logicalId: string): string;
  /** Starts to serve the routes of the plan. */
  serve(plan: Plan, functions: ReadonlyMap<string, LambdaFunction>): void;
}

/** Starts a server for each API. Their addresses are needed for the plan, and the plan has the functions that they invoke. */
export async function startHttpApis({ apis: declared, environment }: Plan, cleanups: Cleanups): Promise<HttpApis> {
  const apis = new Map<string, HttpApi>();
  for (const { logicalId } of declared) {
    const api = await startHttpApi(environment.account);
    cleanups.add(() => api.stop());
    apis.set(logicalId, api);
  }
  return {
    url: (logicalId) => (apis.get(logicalId) as HttpApi).url,
    serve(plan, functions) {
      for (const input of plan.apis) {
        apis.get(input.logicalId)?.serve(input, (arn, event) => (functions.get(arn) as LambdaFunction).invoke(event));
      }
    },
  };
}
