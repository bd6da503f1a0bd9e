/** What the keyboard goes through on a page: links, buttons and what unfolds, as they follow each other. */
const ITEMS = "main :is(a[href], button:not(:disabled), summary)";

/** Moves the focus by so many items; the first time to the first one. */
export function moveFocus(by: number): void {
  const items = [...document.querySelectorAll<HTMLElement>(ITEMS)].filter((each) => each.checkVisibility());
  const at = items.findIndex((each) => each === document.activeElement);
  const next = at === -1 ? 0 : Math.min(items.length - 1, Math.max(0, at + by));
  items[next]?.focus();
  items[next]?.scrollIntoView({ block: "nearest" });
}
