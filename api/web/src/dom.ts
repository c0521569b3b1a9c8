/** Elements made by function calls. Text is only ever text: nothing here reads markup. */

type Value = string | number | boolean | null | undefined;
export type Child = Node | string | number | null | undefined | false | Child[];
export type Props = Record<string, Value | EventListener>;

const SVG = "http://www.w3.org/2000/svg";

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), props, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Put children in the place of those that an element has. */
export function put(element: Element, ...children: Child[]): void {
  element.replaceChildren(...nodes(children));
}

/** A word of the plant's own: kept apart, so that its writing direction ends where it ends. */
export function data(text: string, className = ""): HTMLElement {
  return h("bdi", { class: `data ${className}`.trim() }, text);
}

function fill<E extends Element>(element: E, props: Props, children: Child[]): E {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element) element.value = value;
    else if (name === "checked" && "checked" in element) element.checked = value === true;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, safe(name, value));
  }
  element.append(...nodes(children));
  return element;
}

/** An address never starts a script, whatever a record holds. */
function safe(name: string, value: string | number): string {
  const text = String(value);
  const isAddress = name === "href" || name === "src" || name === "action";
  return isAddress && /^\s*[a-z][a-z0-9+.-]*:/i.test(text) ? "#" : text;
}

function nodes(children: Child[]): (Node | string)[] {
  return children.flatMap((child): (Node | string)[] => {
    if (child == null || child === false) return [];
    if (Array.isArray(child)) return nodes(child);
    return [child instanceof Node ? child : String(child)];
  });
}
