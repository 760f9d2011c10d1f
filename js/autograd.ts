// The graph of operations and the walk through it. G is whatever flows backward; this file never looks inside.

import { runSync } from "./check.js";

/** What a node keeps for its backward. */
export interface Saved {
  /** Counts in-place changes. */
  readonly version: number;
  /** What it was when the value was saved. */
  readonly savedVersion: number;
  readonly description: string;
  free(): void;
}

/** One gradient for each parent, null where it has no use for one. */
export type Backward<G> = (gradient: G, needed: readonly boolean[]) => readonly (G | null)[];

/** What can be said of a node without knowing what flows through it. */
export interface GraphNode {
  readonly name: string;
  /** Later operations have higher numbers. */
  readonly order: number;
  readonly parents: readonly (GraphNode | null)[];
  /** Lets go of what was saved. */
  free(): void;
}

let nodesMade = 0;

/** One operation of the graph, or the leaf where gradients collect. */
export class Node<G> implements GraphNode {
  readonly order = nodesMade++;
  private freed = false;

  constructor(
    readonly name: string,
    readonly parents: readonly (Node<G> | null)[],
    private readonly saved: readonly Saved[],
    private readonly backward: Backward<G>,
    /** A leaf keeps the gradient it is given; every other node gives it back to the walk. */
    readonly isLeaf = false,
  ) {}

  /** PyTorch's two complaints, before anything has been changed. */
  check(): void {
    if (this.freed && this.saved.length > 0) {
      throw new Error(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already " +
          "been freed). Saved intermediate values of the graph are freed when you call backward(). Specify " +
          "retainGraph: true if you need to backward through the graph a second time.",
      );
    }
    for (const { version, savedVersion, description } of this.saved) {
      if (version === savedVersion) continue;
      throw new Error(
        "one of the variables needed for gradient computation has been modified by an inplace operation: " +
          `[${description}], saved by ${this.name}, is at version ${version}; expected version ${savedVersion} instead.`,
      );
    }
  }

  run(gradient: G): readonly (G | null)[] {
    return this.backward(
      gradient,
      this.parents.map((parent) => parent !== null),
    );
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    for (const value of this.saved) value.free();
  }
}

/** Every node reachable from the roots that is not older than `oldest`. */
function reachable<N extends GraphNode>(roots: Iterable<N>, oldest = 0): Set<N> {
  const seen = new Set(roots);
  // A Set iterates over what is added while iterating, so this is the whole walk, without recursion.
  for (const node of seen) {
    for (const parent of node.parents) if (parent !== null && parent.order >= oldest) seen.add(parent as N);
  }
  return seen;
}

/** Frees those of `nodes` to which none of `roots` leads; returns the others. */
export function keepReachable(nodes: readonly GraphNode[], roots: readonly GraphNode[]): GraphNode[] {
  // Nodes are listed as they were made, so everything before the first of them is of no interest.
  const kept = roots.length === 0 || nodes.length === 0 ? null : reachable(roots, nodes[0].order);
  return nodes.filter((node) => {
    if (kept?.has(node)) return true;
    node.free();
    return false;
  });
}

/**
 * Sends `gradient` from root to every leaf. `add` sums two gradients and disposes of both.
 * Leaves see one gradient each, the sum over all paths, in the order in which PyTorch would add them.
 */
export function propagate<G extends { dispose(): void }>(
  root: Node<G>,
  gradient: G,
  add: (a: G, b: G) => G,
  retainGraph: boolean,
): void {
  // Latest first, so that every node comes before its parents.
  const nodes = [...reachable([root])].sort((a, b) => b.order - a.order);
  for (const node of nodes) node.check();
  const pending = new Map<Node<G>, G>([[root, gradient]]);
  const leaves: Node<G>[] = [];
  noGrad(() => {
    for (const node of nodes) {
      if (node.isLeaf) {
        leaves.push(node);
        continue;
      }
      const incoming = pending.get(node);
      if (incoming === undefined) continue;
      pending.delete(node);
      const outgoing = node.run(incoming);
      incoming.dispose();
      for (let i = 0; i < outgoing.length; i++) {
        const parent = node.parents[i];
        const part = outgoing[i];
        if (parent === null || part === null) continue;
        const before = pending.get(parent);
        pending.set(parent, before === undefined ? part : add(before, part));
      }
      if (!retainGraph) node.free();
    }
    for (const leaf of leaves) {
      const incoming = pending.get(leaf);
      if (incoming !== undefined) leaf.run(incoming);
    }
  });
}

let enabled = true;

/** Whether operations are recorded. */
export function isGradEnabled(): boolean {
  return enabled;
}

/** Runs `fn` without recording operations for backward. TypeError for an async function. */
export function noGrad<T>(fn: () => T): T {
  return withGrad(false, () => runSync("noGrad", fn));
}

/** Runs `fn` with recording on or off, and puts it back. */
export function withGrad<T>(on: boolean, fn: () => T): T {
  const before = enabled;
  enabled = on;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}
