import {
  CreateSegmentEstimateCommand,
  type CustomerProfilesClient,
  GetSegmentDefinitionCommand,
  GetSegmentEstimateCommand,
} from '@aws-sdk/client-customer-profiles';
import type { SegmentEstimateQuery } from '../../../contract/queries';
import type { QueryAnswer, RunningQuery } from '../core/measure';
import { QueryFailed, QueryFailure } from '../core/query-result';
import { calling } from './calling';

/** Sizes of segments of Amazon Connect Customer Profiles, which it estimates. */
export const segmentEstimates = (client: CustomerProfilesClient) => ({
  /** The service has no tokens: a try that dies right after it has begun an estimate leaves one that nobody looks at. */
  async begin({ domain: DomainName, segmentDefinition }: SegmentEstimateQuery): Promise<QueryAnswer> {
    const { SegmentGroups, SegmentSqlQuery } = await calling(
      client.send(new GetSegmentDefinitionCommand({ DomainName, SegmentDefinitionName: segmentDefinition })),
    );
    const asked = SegmentSqlQuery === undefined ? { SegmentQuery: SegmentGroups } : { SegmentSqlQuery };
    const { EstimateId } = await calling(client.send(new CreateSegmentEstimateCommand({ DomainName, ...asked })));
    return { state: 'running', id: EstimateId as string };
  },

  async look({ domain: DomainName }: SegmentEstimateQuery, { id, startedAt }: RunningQuery): Promise<QueryAnswer> {
    const { Status, Estimate, Message } = await calling(
      client.send(new GetSegmentEstimateCommand({ DomainName, EstimateId: id })),
    );
    if (Status === 'FAILED') {
      throw new QueryFailed(QueryFailure.FAILED, `Customer Profiles: ${Message ?? 'no reason is given'}`);
    }
    if (Status !== 'SUCCEEDED') return { state: 'running', id };
    // The service tells no time: that of the beginning is the same however often somebody looks.
    return { state: 'ended', id, endedAt: startedAt, table: { columns: ['Estimate'], rows: [[Estimate ?? null]] } };
  },
});
