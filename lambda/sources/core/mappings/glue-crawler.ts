import { count, endOfRun, errorOf, instant, NOTHING_YET, type SourceMapping, type StatusWords } from './service-event';

const WORDS: StatusWords = { Succeeded: 'Successful', Failed: 'Failed', Started: NOTHING_YET };

/** AWS Glue, "Glue Crawler State Change". A crawl has no id: it is known by when it ended. Tables are not records. */
export const glueCrawler: SourceMapping = {
  namesOf: ({ detail }) => [detail.crawlerName],
  outcomeOf: ({ detail, time }) =>
    endOfRun(WORDS, detail.state, 'state', (status) => {
      const endedAt = instant(detail.completionDate) ?? time;
      const seconds = count(detail['runningTime (sec)']);
      return {
        runId: endedAt,
        startedAt: seconds === undefined ? undefined : instant(Date.parse(endedAt) - seconds * 1000),
        endedAt,
        error: errorOf(status, detail.errorMessage, detail.message),
      };
    }),
};
