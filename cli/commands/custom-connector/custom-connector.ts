import type { CommandGroup } from '../../frame/command';
import { end } from './end';
import { exportFiles } from './export';
import { flows } from './flows';
import { keyCreate } from './key-create';
import { keyList } from './key-list';
import { keyRevoke } from './key-revoke';

const key: CommandGroup = {
  meta: { name: 'connector key', description: 'manage the keys of the API of the custom connector' },
  commands: [keyCreate, keyList, keyRevoke],
};

export const customConnector: CommandGroup = {
  meta: {
    name: 'connector',
    description: 'manage the custom connector: its files, its keys, and flows that registered themselves',
  },
  commands: [exportFiles, key, flows, end],
};
