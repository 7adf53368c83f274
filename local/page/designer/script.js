// Loads the values of dropdowns, and changes flows without reloading the page. Without this script, values are typed.
const designer = document.querySelector('#designer form');

/** Loads the values for the current values of the other fields. The server follows the connector's file. */
async function loadValues(input) {
  const { dropdown } = input.dataset;
  const status = designer.querySelector(`[data-values="${CSS.escape(dropdown)}"]`);
  const body = new URLSearchParams(new FormData(designer));
  body.set('dropdown', dropdown);
  status.textContent = 'Loading the values …';
  try {
    const response = await fetch('/page/designer/dropdown', { method: 'POST', body });
    const { items = [], problem } = await response.json();
    const options = items.map(({ value, title }) => {
      const option = document.createElement('option');
      option.value = value;
      if (title !== String(value)) option.label = title;
      return option;
    });
    input.list.replaceChildren(...options);
    status.textContent =
      problem ?? (items.length === 1 ? '1 value to choose from.' : `${items.length} values to choose from.`);
    status.classList.toggle('reason', problem !== undefined);
  } catch {
    status.textContent = 'The local run cannot be reached.';
    status.classList.add('reason');
  }
}

for (const input of designer?.querySelectorAll('[data-dropdown]') ?? []) {
  input.addEventListener('focus', () => void loadValues(input));
}

// The list of flows is replaced by updates, so its section listens.
document.querySelector('#flows').addEventListener('submit', (event) => {
  const { target: form, submitter } = event;
  event.preventDefault();
  void fetch(form.action, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(new FormData(form, submitter)),
  }).catch(() => {
    document.querySelector('#live').textContent = 'The local run has stopped or cannot be reached.';
  });
});
