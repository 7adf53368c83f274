import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { serve } from '../engines/child';
import { PostLoop } from './post-loop';

/**
 * What a person could write instead: events in a table of SQLite, and a loop that POSTs them and marks them. It delivers
 * again after a crash, and has no retries, pauses, limits, matching or history.
 */
export interface OutboxRequest {
  readonly folder: string;
  readonly url: string;
  readonly bodies: readonly string[];
}

/** Events of a transaction: as many as PutEvents accepts. */
const PUT = 10;
/** Events that one query reads, and one transaction marks. */
const READ = 100;
const IN_FLIGHT = 64;

async function run({ folder, url, bodies }: OutboxRequest): Promise<void> {
  const database = new DatabaseSync(join(folder, 'outbox.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec('CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT NOT NULL, sent INTEGER)');
  database.exec('CREATE INDEX pending ON outbox (id) WHERE sent IS NULL');
  const insert = database.prepare('INSERT INTO outbox (body) VALUES (?)');
  const read = database.prepare('SELECT id, body FROM outbox WHERE sent IS NULL ORDER BY id LIMIT ?');
  const mark = database.prepare('UPDATE outbox SET sent = 1 WHERE id = ?');
  const transaction = (write: () => void) => {
    database.exec('BEGIN');
    write();
    database.exec('COMMIT');
  };
  const posts = new PostLoop(IN_FLIGHT);
  for (let put = 0; ; ) {
    // The producer and the loop share the process: events arrive while others are sent.
    for (let end = put + READ; put < Math.min(end, bodies.length); put += PUT) {
      transaction(() => {
        for (const body of bodies.slice(put, put + PUT)) insert.run(body);
      });
    }
    const rows = read.all(READ) as { id: number; body: string }[];
    if (rows.length === 0) break;
    await posts.all(
      url,
      rows.map(({ body }) => body),
    );
    transaction(() => {
      for (const { id } of rows) mark.run(id);
    });
  }
  database.close();
}

serve(process.pid, run);
