// Refinements only: every page works without this script.

const REFRESH_MS = 30_000;
const REMEMBERED = 'gatewatch.refresh';

/** A button that copies the id beside it. */
for (const element of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(element.textContent);
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  element.after(button);
}

/** The list refreshes itself while it is looked at; on a later page that would move what is being read. */
const place = document.querySelector('[data-refresh]');
if (place && !new URLSearchParams(location.search).has('cursor')) {
  const label = document.createElement('label');
  const box = document.createElement('input');
  box.type = 'checkbox';
  box.checked = localStorage.getItem(REMEMBERED) !== 'off';
  box.addEventListener('change', () => localStorage.setItem(REMEMBERED, box.checked ? 'on' : 'off'));
  label.append(box, ' refresh every 30 s');
  place.append(label);

  setInterval(async () => {
    if (!box.checked || document.hidden || document.getSelection()?.type === 'Range') return;
    const answer = await fetch(location.href).catch(() => undefined);
    if (answer?.status === 401) location.reload();
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const news = fresh.querySelectorAll('[data-live]');
    for (const [i, old] of document.querySelectorAll('[data-live]').entries()) {
      // Who is in the part with the keyboard keeps his place.
      if (news[i] && !old.contains(document.activeElement)) old.replaceWith(news[i]);
    }
  }, REFRESH_MS);
}
