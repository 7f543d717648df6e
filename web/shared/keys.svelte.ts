const STORED = 'frankly.console.keys';

/** Whether single-key shortcuts are on; the choice stays in this browser. */
class Shortcuts {
  on = $state(localStorage.getItem(STORED) !== 'off');

  set(on: boolean): void {
    this.on = on;
    localStorage.setItem(STORED, on ? 'on' : 'off');
  }
}

export const shortcuts = new Shortcuts();

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, textarea, select, [contenteditable], dialog') !== null
  );
}

/** The single key of an event, or null where it must do nothing: in a field, in a dialog, with a modifier. */
export function plainKey(event: KeyboardEvent): string | null {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  if (!shortcuts.on || modified || event.defaultPrevented || event.isComposing || typing(event.target))
    return null;
  return event.key;
}

/** Calls the function of a pressed key, and keeps the browser from using the key as well. */
export function onKeys(event: KeyboardEvent, bindings: Record<string, (() => void) | undefined>): void {
  const key = plainKey(event);
  const binding = key === null ? undefined : bindings[key];
  if (!binding) return;
  event.preventDefault();
  binding();
}
