import type { SourceKind } from '../../../../contract/sources';
import { appFlow } from './appflow';
import { athena } from './athena';
import { cloudWatchAlarm } from './cloudwatch-alarm';
import { dataSync } from './datasync';
import { dms } from './dms';
import { emrServerless } from './emr-serverless';
import { glueCrawler } from './glue-crawler';
import { glueZeroEtl } from './glue-zero-etl';
import { jobRun } from './job-run';
import { redshiftData } from './redshift-data';
import type { SourceMapping } from './service-event';
import { stepFunctions } from './step-functions';

/** The mapping of each kind of source. */
export const SOURCE_MAPPINGS: Readonly<Record<SourceKind, SourceMapping>> = {
  appflow: appFlow,
  'glue-job': jobRun,
  'glue-crawler': glueCrawler,
  'glue-zero-etl': glueZeroEtl,
  databrew: jobRun,
  'emr-serverless': emrServerless,
  dms,
  datasync: dataSync,
  'redshift-data': redshiftData,
  athena,
  'step-functions': stepFunctions,
  'cloudwatch-alarm': cloudWatchAlarm,
};
