// Starts a sandbox and keeps it busy until it is killed. Arguments: the runtime file, the handler's folder, the sink.
import { fork } from 'node:child_process';

const [runtime, folder, sink] = process.argv.slice(2);
const child = fork(runtime, [], {
  execArgv: [],
  env: { LAMBDA_TASK_ROOT: folder, _HANDLER: 'index.handler', SINK: sink },
});
child.once('message', () => child.send({ requestId: '1', event: {}, deadline: Date.now() + 60_000 }));
