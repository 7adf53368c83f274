// Runs in a page: gives every text whose contrast with what is under it is less than 4.5 : 1 (WCAG 2.2, 1.4.3).
(() => {
  const parts = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color) =>
    parts(color)
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const paperOf = (element) => {
    if (!element) return 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return (parts(color)[3] ?? 1) === 0 ? paperOf(element.parentElement) : color;
  };
  const hasText = ({ childNodes }) => [...childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const colorOf = (element) => getComputedStyle(element)[element.closest('svg') ? 'fill' : 'color'];
  return [...document.querySelectorAll('body *')]
    .filter((element) => hasText(element) && element.tagName !== 'title' && element.getClientRects().length > 0)
    .map((element) => {
      const [a, b] = [luminance(colorOf(element)), luminance(paperOf(element))];
      return { text: element.textContent, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    })
    .filter(({ ratio }) => ratio < 4.5);
})();
