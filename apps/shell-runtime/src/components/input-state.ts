/**
 * Whether an attribute stands for something that its user has set meanwhile: what was typed, ticked or chosen, and the
 * value of the field that has the focus.
 */
export const dirtyAttribute = (element: Element, name: string): boolean => {
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
    if (name === 'value') return element.value !== element.defaultValue || isFocused(element);
    return (
      name === 'checked' && element instanceof HTMLInputElement && element.checked !== element.defaultChecked
    );
  }
  if (element instanceof HTMLOptionElement && name === 'selected') {
    const select = element.closest('select');
    return select !== null && isChosen(select);
  }
  return false;
};

/** Whether other options are selected than the markup says, or than the browser takes where it says none. */
const isChosen = (select: HTMLSelectElement): boolean => {
  const options = [...select.options];
  const given = options.filter(({ defaultSelected }) => defaultSelected);
  const [first] = select.multiple || select.size > 1 ? [] : options.filter(({ disabled }) => !disabled);
  const expected = select.multiple ? given : [given.at(-1) ?? first];
  return options.some((option) => option.selected !== expected.includes(option));
};

const isFocused = (element: Element): boolean => {
  const root = element.getRootNode();
  return (root instanceof Document || root instanceof ShadowRoot) && root.activeElement === element;
};

/** Elements that are scrolled, the host included, with how far: elements that are moved forget it. */
export const scrolledIn = (host: Element): [element: Element, top: number, left: number][] =>
  [host, ...host.querySelectorAll('*')]
    .filter(({ scrollTop, scrollLeft }) => scrollTop !== 0 || scrollLeft !== 0)
    .map((element) => [element, element.scrollTop, element.scrollLeft]);
