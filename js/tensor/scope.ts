// tidy: everything made inside is freed at the end, except what is returned and what somebody owns.

import { type GraphNode, keepReachable } from "../autograd.js";
import { runSync } from "../check.js";

/** A handle that a scope can free. */
export interface Scoped {
  /** Owned by a module, an optimizer or a gradient: survives the scope. */
  kept: boolean;
  readonly gradFn: GraphNode | null;
  dispose(): void;
}

interface Scope {
  readonly handles: Scoped[];
  readonly nodes: GraphNode[];
}

let current: Scope | null = null;

/** Lets the running tidy, if any, free this handle. */
export function enter(handle: Scoped): void {
  current?.handles.push(handle);
}

/** Lets the running tidy, if any, free what this node saved. */
export function enterNode(node: GraphNode): void {
  current?.nodes.push(node);
}

/**
 * Runs `fn` and frees every tensor made inside, except those in what it returns (a tensor, or arrays and plain objects of
 * tensors) and those that modules, optimizers and gradients own. Saves the copy that leaving linear memory costs.
 * TypeError for an async function.
 */
export function tidy<T>(fn: () => T): T {
  const outer = current;
  const inner: Scope = { handles: [], nodes: [] };
  let returned: Set<unknown> | undefined;
  current = inner;
  try {
    const result = runSync("tidy", fn);
    returned = findHandles(result);
    return result;
  } finally {
    current = outer;
    const roots: GraphNode[] = [];
    for (const handle of inner.handles) {
      if (returned?.has(handle)) {
        enter(handle);
        if (handle.gradFn !== null) roots.push(handle.gradFn);
      } else if (!handle.kept) {
        handle.dispose();
      }
    }
    for (const node of keepReachable(inner.nodes, roots)) enterNode(node);
  }
}

/** Everything in a returned value that may be a handle; no set, which is dear to make, for a result that is none. */
function findHandles(value: unknown, found?: Set<unknown>): Set<unknown> | undefined {
  if (typeof value !== "object" || value === null || found?.has(value)) return found;
  const all = (found ?? new Set()).add(value);
  if (Array.isArray(value)) for (const item of value) findHandles(item, all);
  else if (Object.getPrototypeOf(value) === Object.prototype) findHandles(Object.values(value), all);
  return all;
}
