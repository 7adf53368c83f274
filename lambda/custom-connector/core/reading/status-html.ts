import { durationSeconds, minuteText } from '../../../delivery/core/bodies/sentences';
import { durationText } from '../../../shared/core/duration';
import { cut, html, oneLine } from '../../../shared/core/text';
import { STATUS_TITLES } from '../definition/triggers';
import { type Refresh, resultOf } from '../refresh';
import { type DataSourceStatus, hasFailed, type StatusReport, subjectOf, summaryOf } from './status-report';

/** Data sources that the report lists. */
export const MAX_ROWS = 100;
/** Bytes of the rows. Gmail cuts emails that are longer than about 102 KB. */
const MAX_ROWS_BYTES = 90_000;
/** Longest link that the report has. A cut link would be useless, so a longer one is left out. */
const MAX_LINK = 1000;
const MAX_NAME = 100;
const MAX_ERROR = 250;

// Outlook for Windows renders with Word: tables, attributes and inline styles work, but no classes, flexbox or max-width.
// Each cell has its whole style, because Word does not inherit fonts into tables.
const FAMILY = "'Segoe UI',Arial,sans-serif;";
const TITLE = `font:600 20px/28px ${FAMILY}color:#222;`;
const TEXT = `font:14px/20px ${FAMILY}color:#222;`;
const SMALL = `font:12px/16px ${FAMILY}color:#555;`;
/** Breaks a word that is wider than its column. */
const BREAK = 'word-wrap:break-word;';
const CELL = 'padding:8px 12px 8px 0;border-top:1px solid #ddd;';
const COLORS = { succeeded: '#0b6a0b', failed: '#b10e1c', other: '#555' } as const;

/** Widths of the columns, pixels. */
const WIDTHS = [220, 140, 130, 90, 140] as const;

/** The status as HTML for the body of an email. Every text is escaped, and the length is bounded. */
export function statusHtml(report: StatusReport): string {
  const { instanceId, asOf, dataSources } = report;
  const { rows, count } = boundedRows(dataSources);
  const more = dataSources.length - count;
  return [
    '<table role="presentation" width="720" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;table-layout:fixed;">',
    `<colgroup>${WIDTHS.map((width) => `<col width="${width}">`).join('')}</colgroup>`,
    wide(escaped(subjectOf(report)), TITLE),
    wide(escaped(summaryOf(report)), `${TEXT}padding:4px 0 16px 0;`),
    header('Run'),
    row('Full refresh', report.fullRefresh),
    row('Unification', report.unification),
    wide('&nbsp;', 'font-size:12px;line-height:16px;'),
    header('Data source', 'Last success (UTC)'),
    ...rows,
    more > 0 && wide(`and ${more} more`, `${TEXT}${CELL}`),
    dataSources.length === 0 && wide('None is recorded.', `${TEXT}${CELL}`),
    wide(`As of ${minuteText(asOf)}. Instance: ${name(instanceId)}.`, `${SMALL}padding:16px 0 0 0;`),
    '</table>',
  ]
    .filter((part) => part !== false)
    .join('');
}

/** As many rows as the limits allow. */
function boundedRows(dataSources: readonly DataSourceStatus[]): { readonly rows: string[]; readonly count: number } {
  const rows: string[] = [];
  let bytes = 0;
  for (const { name: dataSource, last, refreshes } of dataSources.slice(0, MAX_ROWS)) {
    const next = row(dataSource, last, refreshes.succeeded?.endedAt);
    bytes += Buffer.byteLength(next);
    if (bytes > MAX_ROWS_BYTES) break;
    rows.push(next);
  }
  return { rows, count: rows.length };
}

const header = (subject: string, last = ''): string =>
  `<tr>${[subject, 'Result', 'Ended (UTC)', 'Duration', last].map(headerCell).join('')}</tr>`;

const headerCell = (title: string, column: number): string =>
  `<th align="left" valign="bottom" width="${WIDTHS[column]}" style="${SMALL}font-weight:600;padding:0 12px 6px 0;">${title}</th>`;

/** @param lastSucceededAt epoch milliseconds. */
function row(subject: string, refresh: Refresh | undefined, lastSucceededAt?: number): string {
  const seconds = refresh && durationSeconds(refresh.startedAt, refresh.endedAt);
  const cells = [
    linked(name(subject), refresh?.runLink),
    refresh ? result(refresh) : 'Not recorded',
    refresh ? minute(refresh.endedAt) : '',
    seconds === undefined ? '' : durationText(seconds),
    lastSucceededAt === undefined ? '' : minute(lastSucceededAt),
  ];
  const error = refresh && hasFailed(refresh) && refresh.error;
  const last = error
    ? `<tr>${spanning(escaped(cut(oneLine(error), MAX_ERROR)), `${SMALL}padding:0 0 8px 0;`)}</tr>`
    : '';
  return `<tr valign="top">${cells.map(cell).join('')}</tr>${last}`;
}

const cell = (content: string, column: number): string => {
  const wrap = column < 2 ? BREAK : 'white-space:nowrap;';
  return `<td style="${TEXT}${CELL}${wrap}">${content || '&nbsp;'}</td>`;
};
const spanning = (content: string, style: string): string =>
  `<td colspan="${WIDTHS.length}" style="${BREAK}${style}">${content}</td>`;
const wide = (content: string, style: string): string => `<tr>${spanning(content, style)}</tr>`;

const result = ({ status, willRetry }: Refresh): string => {
  const retry = willRetry ? ', will be retried' : '';
  return `<span style="color:${COLORS[resultOf(status)]};font-weight:600;">${STATUS_TITLES[status]}${retry}</span>`;
};

function linked(content: string, link = ''): string {
  if (link === '' || link.length > MAX_LINK) return content;
  return `<a href="${html(link)}" style="color:#0f548c;">${content}</a>`;
}

const escaped = (text: string): string => html(oneLine(text));
const name = (text: string): string => escaped(cut(oneLine(text), MAX_NAME));
/** `2026-11-02 06:00` */
const minute = (instant: number): string => new Date(instant).toISOString().slice(0, 16).replace('T', ' ');
