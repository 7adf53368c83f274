/** Paths of the page's parts. */
export const Route = {
  PAGE: '/',
  STYLE: '/page/style.css',
  SCRIPT: '/page/script.js',
  UPDATES: '/page/updates',
  EVENTS: '/page/events',
} as const;

/** Paths of the designer's parts, if the page has one. */
export const DesignerRoute = {
  STYLE: '/page/designer.css',
  SCRIPT: '/page/designer.js',
  SAVE: '/page/designer/save',
  CHANGE: '/page/designer/change',
  TEST: '/page/designer/test',
  /** Prefix of the paths of HTML documents in results. */
  DOCUMENT: '/page/designer/documents/',
  DROPDOWN: '/page/designer/dropdown',
} as const;
