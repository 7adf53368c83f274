import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import { respondWith } from '../protocol/http';
import { REST_OPERATIONS, restOperation } from '../protocol/rest';
import { pageOf, type StubResponses, type StubRun, stubRuns } from './responses';

/** Runs per page; small, so that lists have several pages. */
const PAGE = 2;

/** Newest first, by start or end. */
const newest = (runs: readonly StubRun[], by: 'startTime' | 'endTime'): StubRun[] =>
  runs.toSorted((a, b) => (b[by] ?? Number.POSITIVE_INFINITY) - (a[by] ?? Number.POSITIVE_INFINITY));

/**
 * Operations of services that list runs, from their API references: AWS Glue `GetJobRuns`; AWS DataSync
 * `ListTaskExecutions` and `DescribeTaskExecution`; Amazon Athena `ListQueryExecutions` and `BatchGetQueryExecution`;
 * AWS Step Functions `ListExecutions`. The runs are stub responses.
 */
export function runOperations(answers: StubResponses): Readonly<Record<string, AwsOperation>> {
  /** Workgroup of each listed query, which `BatchGetQueryExecution` does not specify. */
  const workGroups = new Map<string, string>();
  const executionOf = (taskArn: string, { id }: StubRun) => `${taskArn}/execution/${id}`;
  return {
    'AWSGlue.GetJobRuns': ({ JobName, NextToken }) => {
      const runs = newest(stubRuns({ service: 'glue-job', text: String(JobName) }, answers), 'startTime');
      const { page, next } = pageOf(runs, NextToken, PAGE);
      const JobRuns = page.map(({ id, status, startTime, endTime, error }) => ({
        Id: id,
        Attempt: 0,
        JobName,
        StartedOn: startTime,
        LastModifiedOn: endTime ?? startTime,
        CompletedOn: endTime,
        JobRunState: status,
        ErrorMessage: error,
      }));
      return { JobRuns, NextToken: next };
    },

    'FmrsService.ListTaskExecutions': ({ TaskArn, NextToken }) => {
      const { page, next } = pageOf(stubRuns({ service: 'datasync', text: String(TaskArn) }, answers), NextToken, PAGE);
      const TaskExecutions = page.map((run) => ({
        TaskExecutionArn: executionOf(String(TaskArn), run),
        Status: run.status,
        TaskMode: 'BASIC',
      }));
      return { TaskExecutions, NextToken: next };
    },
    'FmrsService.DescribeTaskExecution': ({ TaskExecutionArn }) => {
      const taskArn = String(TaskExecutionArn).split('/execution/')[0] as string;
      const run = stubRuns({ service: 'datasync', text: taskArn }, answers).find(
        (one) => executionOf(taskArn, one) === TaskExecutionArn,
      );
      if (!run) throw new AwsError('InvalidRequestException', `${TaskExecutionArn} does not exist`);
      return {
        TaskExecutionArn,
        Status: run.status,
        StartTime: run.startTime,
        EndTime: run.endTime,
        Result: run.error === undefined ? {} : { ErrorDetail: run.error },
      };
    },

    'AmazonAthena.ListQueryExecutions': ({ WorkGroup, NextToken }) => {
      const runs = newest(stubRuns({ service: 'athena', text: String(WorkGroup) }, answers), 'startTime');
      const { page, next } = pageOf(runs, NextToken, PAGE);
      for (const { id } of page) workGroups.set(id, String(WorkGroup));
      return { QueryExecutionIds: page.map(({ id }) => id), NextToken: next };
    },
    'AmazonAthena.BatchGetQueryExecution': ({ QueryExecutionIds }) => {
      const QueryExecutions = (QueryExecutionIds as string[]).flatMap((id) => {
        const workGroup = workGroups.get(id) ?? '';
        const run = stubRuns({ service: 'athena', text: workGroup }, answers).find((one) => one.id === id);
        if (!run) return [];
        return {
          QueryExecutionId: id,
          WorkGroup: workGroup,
          Status: {
            State: run.status,
            SubmissionDateTime: run.startTime,
            CompletionDateTime: run.endTime,
            AthenaError: run.error === undefined ? undefined : { ErrorMessage: run.error },
          },
        };
      });
      return { QueryExecutions, UnprocessedQueryExecutionIds: [] };
    },

    'AWSStepFunctions.ListExecutions': ({ stateMachineArn, nextToken }) => {
      const machine = String(stateMachineArn);
      const runs = newest(stubRuns({ service: 'step-functions', text: machine }, answers), 'endTime');
      const { page, next } = pageOf(runs, nextToken, PAGE);
      const executions = page.map(({ id, status, startTime, endTime, redriveCount = 0 }) => ({
        executionArn: `${machine.replace(':stateMachine:', ':execution:')}:${id}`,
        stateMachineArn,
        name: id,
        status,
        startDate: startTime,
        stopDate: endTime,
        redriveCount,
      }));
      return { executions, nextToken: next };
    },
  };
}

type Page = (runs: readonly StubRun[], token: unknown) => object;

/** The same for REST services: Amazon AppFlow, AWS Glue DataBrew, Amazon EMR Serverless. Returns false for others. */
export function runRoutes(answers: StubResponses) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { searchParams } = new URL(request.url ?? '/', 'http://local');
    const answer = (service: 'appflow' | 'databrew' | 'emr-serverless', text: string, token: unknown, page: Page) => {
      respondWith(response, () => page(stubRuns({ service, text }, answers), token));
      return true;
    };

    if (restOperation(REST_OPERATIONS.appflow, request)) {
      void json(request).then((input) => {
        const { flowName, nextToken } = input as Readonly<Record<string, string>>;
        answer('appflow', flowName as string, nextToken, flowExecutions);
      });
      return true;
    }
    const token = searchParams.get('nextToken');
    const { Name: job } = restOperation(REST_OPERATIONS.databrew, request)?.input ?? {};
    if (job !== undefined) return answer('databrew', job, token, jobRunsOf(job));
    const { applicationId: application } = restOperation(REST_OPERATIONS['emr-serverless'], request)?.input ?? {};
    if (application === undefined) return false;
    const after = Date.parse(searchParams.get('createdAtAfter') ?? '') / 1000 || 0;
    const page: Page = (runs, token) =>
      applicationRuns(
        application,
        runs.filter(({ startTime = 0 }) => startTime >= after),
        token,
      );
    return answer('emr-serverless', application, token, page);
  };
}

const flowExecutions: Page = (runs, token) => {
  const { page, next } = pageOf(runs, token, PAGE);
  const records = page.map(({ id, status, startTime, endTime, error, recordCount }) => ({
    executionId: id,
    executionStatus: status,
    executionResult: { recordsProcessed: recordCount, errorInfo: error && { executionMessage: error } },
    startedAt: startTime,
    lastUpdatedAt: endTime ?? startTime,
  }));
  return { flowExecutions: records, nextToken: next };
};

const jobRunsOf =
  (JobName: string): Page =>
  (runs, token) => {
    const { page, next } = pageOf(runs, token, PAGE);
    const JobRuns = page.map(({ id, status, startTime, endTime, error }) => ({
      RunId: id,
      JobName,
      State: status,
      StartedOn: startTime,
      CompletedOn: endTime,
      ErrorMessage: error,
    }));
    return { JobRuns, NextToken: next };
  };

function applicationRuns(applicationId: string, runs: readonly StubRun[], token: unknown): object {
  const { page, next } = pageOf(runs, token, PAGE);
  const jobRuns = page.map(({ id, status, startTime, endTime, error }) => ({
    applicationId,
    id,
    arn: `arn:aws:emr-serverless:us-east-1:123456789012:/applications/${applicationId}/jobruns/${id}`,
    createdBy: 'arn:aws:iam::123456789012:user/etl',
    createdAt: startTime,
    updatedAt: endTime ?? startTime,
    executionRole: 'arn:aws:iam::123456789012:role/etl',
    releaseLabel: 'emr-7.0.0',
    state: status,
    stateDetails: error ?? '',
  }));
  return { jobRuns, nextToken: next };
}
