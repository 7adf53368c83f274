import { count, instant, stateChanges } from './service-event';

/** AWS Glue, "Glue Crawler State Change". A crawl has no id; its end identifies it. Tables are not records. */
export const glueCrawler = stateChanges({
  nameField: 'crawlerName',
  stateField: 'state',
  ended: { Succeeded: 'Successful', Failed: 'Failed' },
  inProgress: ['Started'],
  run: ({ detail, time }) => {
    const endedAt = instant(detail.completionDate) ?? time;
    const seconds = count(detail['runningTime (sec)']);
    const startedAt = seconds === undefined ? undefined : instant(Date.parse(endedAt) - seconds * 1000);
    return { runId: endedAt, startedAt, endedAt, errors: [detail.errorMessage, detail.message] };
  },
});
