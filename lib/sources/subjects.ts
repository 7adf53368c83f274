import type { IConstruct } from 'constructs';
import type { SourceEntry } from '../../contract/sources';

/** Fields of an event that do not identify its subject. */
const ATTRIBUTES = ['kind', 'unit'];

/** The subjects of a connector's sources: what their events report, such as a data source. */
export class Subjects {
  private readonly known = new Map<string, { readonly origin: string; readonly path: string }>();

  /**
   * @throws Error if a source of another account or Region reports the same subject. Their runs could have the same IDs, and
   * flows could not distinguish them.
   */
  add({ node: { path } }: IConstruct, { put, detail, account, region }: SourceEntry): void {
    const { instanceId = 'default', ...named } = detail;
    const [name, value] = Object.entries(named).find(([field]) => !ATTRIBUTES.includes(field)) ?? [
      'instanceId',
      instanceId,
    ];
    const subject = JSON.stringify([put, name, value, instanceId]);
    const origin = account === undefined ? "the connector's own account" : `${account}, ${region}`;
    const other = this.known.get(subject);
    if (other && other.origin !== origin) {
      throw new Error(
        `${path}: ${name} '${value}' is also the ${name} of ${other.path}, in another account or Region: ` +
          `write a ${name} with the account or Region, such as '${value} ${account ?? '111122223333'}'`,
      );
    }
    this.known.set(subject, { origin, path });
  }
}
