/**
 * The rooms of the tree, and what each room may import. `npm run lint` checks every import against this file;
 * docs/architecture.md says what is in each room.
 */

/** Top-level folders and the folders that each may import. */
const TREES = {
  contract: [],
  lib: ['contract'],
  lambda: ['contract'],
  events: ['contract', 'lambda'],
  cli: ['contract', 'lambda'],
  local: ['cli', 'contract', 'lambda'],
  bin: ['lib'],
};

/** Rooms of each tree and the rooms of the same tree that each may import. */
const ROOMS = {
  lambda: {
    shared: [],
    events: ['shared'],
    subscriptions: ['events', 'shared'],
    expectations: ['subscriptions', 'events', 'shared'],
    thresholds: ['expectations', 'subscriptions', 'events', 'shared'],
    delivery: ['expectations', 'subscriptions', 'events', 'shared'],
    registration: ['thresholds', 'delivery', 'expectations', 'subscriptions', 'events', 'shared'],
    sources: ['events', 'shared'],
    queries: ['events', 'shared'],
    unification: ['events', 'shared'],
    collection: ['events', 'shared'],
    'custom-connector': ['registration', 'thresholds', 'delivery', 'expectations', 'subscriptions', 'events', 'shared'],
  },
  lib: {
    shared: [],
    events: ['shared'],
    producers: ['sources', 'shared'],
    subscriptions: ['shared'],
    thresholds: ['events', 'shared'],
    delivery: ['events', 'shared'],
    collection: ['shared'],
    sources: ['subscriptions', 'shared'],
    queries: ['shared'],
    unification: ['shared'],
    notifications: ['delivery', 'shared'],
    'custom-connector': ['subscriptions', 'shared'],
    connector: [
      'custom-connector',
      'notifications',
      'delivery',
      'thresholds',
      'collection',
      'sources',
      'queries',
      'unification',
      'subscriptions',
      'producers',
      'events',
      'shared',
    ],
    operations: ['connector', 'notifications', 'sources', 'shared'],
  },
  cli: {
    shell: [],
    connector: ['shell'],
    frame: ['connector', 'shell'],
    subscriptions: ['frame', 'connector', 'shell'],
    events: ['frame', 'connector', 'shell'],
    diagnosis: ['subscriptions', 'frame', 'connector', 'shell'],
    backup: ['diagnosis', 'subscriptions', 'frame', 'connector', 'shell'],
    flows: ['diagnosis', 'subscriptions', 'events', 'frame', 'connector', 'shell'],
    'custom-connector': ['flows', 'diagnosis', 'subscriptions', 'events', 'frame', 'connector', 'shell'],
    commands: [
      'backup',
      'custom-connector',
      'flows',
      'diagnosis',
      'subscriptions',
      'events',
      'frame',
      'connector',
      'shell',
    ],
  },
  local: {
    shared: [],
    engines: ['shared'],
    'power-automate': ['shared'],
    bus: ['engines', 'shared'],
    template: ['bus', 'engines', 'shared'],
    stack: ['template', 'bus', 'engines', 'shared'],
    output: ['stack', 'bus', 'shared'],
    page: ['power-automate', 'stack', 'bus', 'engines', 'shared'],
    run: ['page', 'power-automate', 'output', 'stack', 'bus', 'engines', 'shared'],
  },
};

const anyOf = (names) => `(${names.join('|')})`;

const treeRules = Object.entries(TREES).map(([tree, allowed]) => ({
  name: `${tree}-imports`,
  comment: `${tree}/ may import ${allowed.map((name) => `${name}/`).join(', ') || 'no other folder'}: see TREES.`,
  severity: 'error',
  from: { path: `^${tree}/` },
  to: {
    path: `^${anyOf([...Object.keys(TREES), 'bench', 'examples', 'scripts', 'test'])}/`,
    pathNot: `^${anyOf([tree, ...allowed])}/`,
  },
}));

const roomRules = Object.entries(ROOMS).flatMap(([tree, rooms]) =>
  Object.entries(rooms).map(([room, allowed]) => ({
    name: `${tree}-${room}-imports`,
    comment: `${tree}/${room} may import ${allowed.join(', ') || 'no other room'}: see ROOMS.`,
    severity: 'error',
    from: { path: `^${tree}/${room}/` },
    to: { path: `^${tree}/`, pathNot: `^${tree}/${anyOf([room, ...allowed])}/` },
  })),
);

module.exports = {
  forbidden: [
    ...treeRules,
    ...roomRules,
    {
      name: 'every-room-is-known',
      comment: 'A new room needs a line in ROOMS that says what it may import.',
      severity: 'error',
      from: {
        path: '^(lambda|lib|cli)/[^/]+/',
        pathNot: Object.entries(ROOMS).map(([tree, rooms]) => `^${tree}/${anyOf(Object.keys(rooms))}/`),
      },
      to: {},
    },
    {
      name: 'core-is-pure',
      comment:
        'The core gets the world through its ports: it imports no package but valibot, and no Node.js module but crypto.',
      severity: 'error',
      from: { path: '^lambda/[^/]+/core/' },
      to: { pathNot: ['^(node:)?crypto$', 'node_modules/valibot/', '^(contract|lambda)/'] },
    },
    {
      name: 'core-knows-no-adapter',
      comment:
        'Adapters implement the ports that the core states. Import the port, and let the entry file pass the adapter.',
      severity: 'error',
      from: { path: '^lambda/[^/]+/core/' },
      to: { path: '^lambda/[^/]+/adapters/' },
    },
    {
      name: 'nothing-imports-an-entry',
      comment:
        "A function's entry file reads its environment when it is loaded. Move what you need to core/ or adapters/.",
      severity: 'error',
      from: {},
      to: { path: '^(lambda/[^/]+/[^/]+|bin/[^/]+|cli/index|local/main)\\.ts$' },
    },
    {
      name: 'no-circles',
      comment: 'These modules import each other: move what both need to a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/fixtures)/' },
    // Types count: a room that needs another room's types depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mts', '.js', '.cjs', '.mjs', '.json'] },
  },
};
