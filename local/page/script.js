// Updates the page, and puts events without reloading it. The page also works without this script.
const form = document.querySelector('#put form');
const outcome = document.querySelector('#outcome');
const live = document.querySelector('#live');
const example = document.querySelector('#example');
document.documentElement.classList.add('with-script');

/** Replaces a section's markup, which the server has escaped. Keeps open details, scroll positions and the focus. */
function replace(id, markup) {
  const section = document.querySelector(`[data-section="${id}"]`);
  if (!section || section.innerHTML === markup) return;
  const keyOf = (element) => element.closest('[data-key]')?.dataset.key;
  const open = new Set([...section.querySelectorAll('details[open]')].map(keyOf));
  const active = section.contains(document.activeElement) ? document.activeElement : undefined;
  const [focused, focusedId] = [active && keyOf(active), active?.id];
  const scrolled = [...section.querySelectorAll('.list')].map(({ scrollTop }) => scrollTop);
  section.innerHTML = markup;
  for (const details of section.querySelectorAll('details')) {
    details.open = open.has(keyOf(details));
    if (focused !== undefined && keyOf(details) === focused) details.querySelector('summary').focus();
  }
  if (focusedId) document.getElementById(focusedId)?.focus();
  section.querySelectorAll('.list').forEach((list, n) => {
    list.scrollTop = scrolled[n] ?? 0;
  });
}

const updates = new EventSource('/page/updates');
updates.addEventListener('section', ({ data }) => {
  const { id, content } = JSON.parse(data);
  replace(id, content);
});
updates.addEventListener('open', () => {
  live.textContent = 'Live.';
});
updates.addEventListener('error', () => {
  live.textContent = 'The local run has stopped or cannot be reached.';
});

/** Fills the form with the selected example and the current time, because the connector drops duplicates. */
function fillIn() {
  const { detailType, detail } = example.selectedOptions[0].dataset;
  const now = new Date().toISOString();
  const filled = JSON.parse(detail);
  if ('observedAt' in filled) filled.observedAt = now;
  if ('runId' in filled) filled.runId = `page-${now}`;
  form.elements.detailType.value = detailType;
  form.elements.detail.value = JSON.stringify(filled, undefined, 2);
}
example.addEventListener('change', fillIn);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  outcome.textContent = '';
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(new FormData(form)),
    });
    const { text } = await response.json();
    outcome.textContent = text;
    outcome.classList.toggle('problem', !response.ok);
  } catch {
    outcome.textContent = 'The local run cannot be reached.';
    outcome.classList.add('problem');
  }
});
