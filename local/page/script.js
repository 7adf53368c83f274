// Keeps the page up to date, and puts events without loading it anew. The page works without it.
const form = document.querySelector('#put form');
const outcome = document.querySelector('#outcome');
const live = document.querySelector('#live');
const example = document.querySelector('#example');
document.documentElement.classList.add('with-script');

/** Replaces a section's markup, which the server has escaped, and keeps what somebody has opened, scrolled or focused. */
function replace(id, markup) {
  const section = document.querySelector(`[data-section="${id}"]`);
  if (!section || section.innerHTML === markup) return;
  const keyOf = (element) => element.closest('[data-key]')?.dataset.key;
  const open = new Set([...section.querySelectorAll('details[open]')].map(keyOf));
  const focused = section.contains(document.activeElement) ? keyOf(document.activeElement) : undefined;
  const scrolled = [...section.querySelectorAll('.list')].map(({ scrollTop }) => scrollTop);
  section.innerHTML = markup;
  for (const details of section.querySelectorAll('details')) {
    details.open = open.has(keyOf(details));
    if (focused !== undefined && keyOf(details) === focused) details.querySelector('summary').focus();
  }
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
  live.textContent = 'The local run has ended, or cannot be reached.';
});

/** Fills in the chosen example as of now: the same event again would change nothing. */
function fillIn() {
  const { detailType, detail } = example.selectedOptions[0].dataset;
  const now = new Date().toISOString();
  const made = JSON.parse(detail);
  if ('observedAt' in made) made.observedAt = now;
  if ('runId' in made) made.runId = `page-${now}`;
  form.elements.detailType.value = detailType;
  form.elements.detail.value = JSON.stringify(made, undefined, 2);
}
example.addEventListener('change', fillIn);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  outcome.textContent = '';
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(new FormData(form)),
    });
    const { text } = await answer.json();
    outcome.textContent = text;
    outcome.classList.toggle('problem', !answer.ok);
  } catch {
    outcome.textContent = 'The local run cannot be reached.';
    outcome.classList.add('problem');
  }
});
