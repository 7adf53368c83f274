import * as v from 'valibot';

// Fields of responses, as in the bodies of flows: an unknown text is empty, an unknown number is omitted.
export const text = (title: string, description: string) =>
  v.pipe(v.string(), v.title(title), v.description(description));
export const number = (title: string, description: string) =>
  v.pipe(v.number(), v.title(title), v.description(description));
export const integer = (title: string, description: string) =>
  v.pipe(v.number(), v.integer(), v.title(title), v.description(description));
export const flag = (title: string, description: string) =>
  v.pipe(v.boolean(), v.title(title), v.description(description));
export const instant = (title: string, description: string) => text(title, `${description}, ISO 8601 in UTC.`);
export const listOf = <T extends v.GenericSchema>(item: T, title: string, description: string) =>
  v.pipe(v.array(item), v.title(title), v.description(description));

export const nextLink = {
  '@odata.nextLink': v.optional(text('Next page', 'Address of the next page. Absent on the last page.')),
};
