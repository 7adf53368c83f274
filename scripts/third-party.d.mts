import type { Metafile } from 'esbuild';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The licence and its notices. */
  readonly text: string;
}

export function bundledPackages(root: string, metafiles: readonly Metafile[]): BundledPackage[];
export function licencesText(packages: readonly BundledPackage[]): string;
