/**
 * Rows sorted by name. Keeps each row as text, because 100,000 rows of separate values need more than 256 MB.
 * Can be read several times.
 */
export class SortedRows<Row> implements Iterable<Row> {
  private readonly rows: { readonly name: string; readonly text: string }[] = [];
  private isSorted = true;

  add(name: string, row: Row): void {
    this.rows.push({ name, text: JSON.stringify(row) });
    this.isSorted = false;
  }

  get length(): number {
    return this.rows.length;
  }

  *[Symbol.iterator](): Generator<Row> {
    if (!this.isSorted) this.rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.isSorted = true;
    for (const { text } of this.rows) yield JSON.parse(text);
  }
}
