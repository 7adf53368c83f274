import { numberText } from '../../lambda/shared/core/number-text';
import { type Html, html } from './html';

/** Maximum items of a list. The CLI shows all. */
export const MAX_LISTED = 50;

export type Tone = 'good' | 'warning' | 'bad' | 'neutral';
export const badge = (tone: Tone, text: string): Html => html`<span class="badge ${tone}">${text}</span>`;

/** A time in UTC, with the date unless it is today. */
export function time(at: number, now: number): Html {
  const iso = new Date(at).toISOString();
  const [day, clock] = [iso.slice(0, 10), iso.slice(11, 19)];
  const isToday = new Date(now).toISOString().startsWith(day);
  return html`<time datetime="${iso}">${isToday ? clock : `${day} ${clock}`}</time>`;
}

export const empty = (text: string): Html => html`<p class="empty">${text}</p>`;
export const more = (all: number, shown: number, what: string): Html | false =>
  all > shown && html`<p class="empty">The newest ${shown} of ${numberText(all)} ${what}.</p>`;
