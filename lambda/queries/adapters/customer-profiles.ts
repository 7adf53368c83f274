import {
  CreateSegmentEstimateCommand,
  type CustomerProfilesClient,
  GetSegmentDefinitionCommand,
  GetSegmentEstimateCommand,
} from '@aws-sdk/client-customer-profiles';
import type { SegmentEstimateQuery } from '../../../contract/queries';
import type { QueryState, RunningQuery } from '../core/measure';
import { calling, queryError } from './calling';

/** Estimated sizes of segments of Amazon Connect Customer Profiles. */
export const segmentEstimates = (client: CustomerProfilesClient) => ({
  /** The service has no idempotency token, so a crash right after the start leaves an estimate that is never read. */
  async begin({ domain: DomainName, segmentDefinition }: SegmentEstimateQuery): Promise<QueryState> {
    const { SegmentGroups, SegmentSqlQuery } = await calling(
      client.send(new GetSegmentDefinitionCommand({ DomainName, SegmentDefinitionName: segmentDefinition })),
    );
    const segment = SegmentSqlQuery === undefined ? { SegmentQuery: SegmentGroups } : { SegmentSqlQuery };
    const { EstimateId } = await calling(client.send(new CreateSegmentEstimateCommand({ DomainName, ...segment })));
    return { state: 'running', id: EstimateId as string };
  },

  async look({ domain: DomainName }: SegmentEstimateQuery, { id, startedAt }: RunningQuery): Promise<QueryState> {
    const { Status, Estimate, Message } = await calling(
      client.send(new GetSegmentEstimateCommand({ DomainName, EstimateId: id })),
    );
    if (Status === 'FAILED') throw queryError('Customer Profiles', undefined, Message);
    if (Status !== 'SUCCEEDED') return { state: 'running', id };
    // The service reports no time. The start time is the same in every check.
    return { state: 'ended', id, endedAt: startedAt, table: { columns: ['Estimate'], rows: [[Estimate ?? null]] } };
  },
});
