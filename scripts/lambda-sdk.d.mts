import type { Metafile, Plugin } from 'esbuild';

export function lambdaSdk(root: string): Plugin;
export function checkReplaced(metafile: Metafile): void;
