// The graph of operations and the walk through it. G is whatever flows backward; this file never looks inside.

import { runSync } from "./check.js";

/** What a node keeps for its backward. */
export interface Saved {
  /** Counts in-place changes. */
  readonly version: number;
  readonly description: string;
  free(): void;
}

/** One gradient for each parent, null where it has no use for one. */
export type Backward<G, S> = (gradient: G, saved: readonly S[], needed: readonly boolean[]) => readonly (G | null)[];

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
export class Node<G, S extends Saved> implements GraphNode {
  readonly order = nodesMade++;
  private readonly versions: readonly number[];
  private freed = false;

  constructor(
    readonly name: string,
    readonly parents: readonly (Node<G, S> | null)[],
    private readonly saved: readonly S[],
    private readonly backward: Backward<G, S>,
    /** A leaf keeps the gradient it is given; every other node gives it back to the walk. */
    readonly isLeaf = false,
  ) {
    this.versions = saved.map((value) => value.version);
  }

  /** PyTorch's two complaints, before anything has been changed. */
  check(): void {
    if (this.freed && this.saved.length > 0) {
      throw new Error(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already " +
          "been freed). Saved intermediate values of the graph are freed when you call backward(). Specify " +
          "retainGraph: true if you need to backward through the graph a second time.",
      );
    }
    for (let i = 0; i < this.saved.length; i++) {
      const { version, description } = this.saved[i];
      if (version !== this.versions[i]) {
        throw new Error(
          "one of the variables needed for gradient computation has been modified by an inplace operation: " +
            `[${description}], saved by ${this.name}, is at version ${version}; expected version ${this.versions[i]} instead.`,
        );
      }
    }
  }

  run(gradient: G): readonly (G | null)[] {
    return this.backward(
      gradient,
      this.saved,
      this.parents.map((parent) => parent !== null),
    );
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    for (const value of this.saved) value.free();
  }
}

/** Every node reachable from root, latest first: parents always come after their children. */
function reachable<N extends GraphNode>(roots: Iterable<N>): N[] {
  const seen = new Set(roots);
  // A Set iterates over what is added while iterating, so this is the whole walk, without recursion.
  for (const node of seen) for (const parent of node.parents) if (parent !== null) seen.add(parent as N);
  return [...seen].sort((a, b) => b.order - a.order);
}

/** Frees those of `nodes` to which none of `roots` leads; returns the others. */
export function keepReachable(nodes: readonly GraphNode[], roots: Iterable<GraphNode>): GraphNode[] {
  const kept = new Set(reachable(roots));
  for (const node of nodes) if (!kept.has(node)) node.free();
  return nodes.filter((node) => kept.has(node));
}

/**
 * Sends `gradient` from root to every leaf. `add` sums two gradients and disposes of both.
 * Leaves see one gradient each, the sum over all paths, in the order in which PyTorch would add them.
 */
export function propagate<G extends { dispose(): void }, S extends Saved>(
  root: Node<G, S>,
  gradient: G,
  add: (a: G, b: G) => G,
  retainGraph: boolean,
): void {
  const nodes = reachable([root]);
  for (const node of nodes) node.check();
  const pending = new Map<Node<G, S>, G>([[root, gradient]]);
  const leaves: Node<G, S>[] = [];
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
  const before = enabled;
  enabled = false;
  try {
    return runSync("noGrad", fn);
  } finally {
    enabled = before;
  }
}
