import type { Plugin } from 'esbuild';

export function lambdaSdk(root: string): Plugin;
