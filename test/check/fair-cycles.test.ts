// SPDX-License-Identifier: GPL-2.0-only
/** Cycles that a fair scheduler can repeat: on graphs made by hand, and drawn at random. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Edges } from "../../host/check/edges.ts";
import { type FairCycle, fairCycle } from "../../host/check/fair-cycles.ts";
import { DRAIN, TICK } from "../../host/machine/coroutine/choices.ts";

/** Of each state, who can run (a bit each), and the steps: [to, action]. */
type Graph = readonly (readonly [
  runnable: number,
  steps: readonly (readonly [number, number])[],
])[];

function edgesOf(graph: Graph): Edges {
  const edges = new Edges();
  for (const [runnable, steps] of graph) {
    edges.begin(runnable);
    for (const [to, action] of steps) edges.add(to, action);
  }
  return edges;
}

const cycleOf = (graph: Graph, threads = 2) => fairCycle(edgesOf(graph), threads, () => false);

test("a way that never comes back is no cycle", () => {
  const graph: Graph = [
    [
      3,
      [
        [1, 0],
        [2, 1],
      ],
    ],
    [2, [[3, 1]]],
    [1, [[3, 0]]],
    [0, []],
  ];
  assert.is(cycleOf(graph), null);
});

test("a cycle that leaves out a thread that could run is not fair", () => {
  const graph: Graph = [
    [
      3,
      [
        [1, 0],
        [2, 1],
      ],
    ],
    [
      3,
      [
        [0, 0],
        [2, 1],
      ],
    ],
    [0, []],
  ];
  assert.is(cycleOf(graph), null);
});

test("a cycle in which every thread goes on is fair, and holds a step of each", () => {
  const graph: Graph = [
    [3, [[1, 0]]],
    [
      3,
      [
        [2, 0],
        [0, 1],
      ],
    ],
    [3, [[1, 0]]],
  ];
  const cycle = cycleOf(graph);
  assert.is(cycle?.state, 0);
  assert.equal([...new Set(cycle?.actions)].sort(), [0, 1]);
});

test("a thread that sleeps somewhere on the way need not go on", () => {
  const graph: Graph = [
    [
      3,
      [
        [1, 0],
        [2, 1],
      ],
    ],
    [1, [[0, 0]]],
    [0, []],
  ];
  assert.equal(cycleOf(graph), { state: 0, actions: [0, 0] });
});

test("a thread that only looks takes part by that", () => {
  const graph: Graph = [
    [
      3,
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      3,
      [
        [0, 0],
        [1, 1],
      ],
    ],
  ];
  const actions = cycleOf(graph)?.actions ?? [];
  assert.equal([...new Set(actions)].sort(), [0, 1]);
});

test("the first of several is told, and none that is as it should be", () => {
  const graph: Graph = [
    [
      1,
      [
        [1, 0],
        [3, 0],
      ],
    ],
    [1, [[2, 0]]],
    [1, [[1, 0]]],
    [1, [[4, 0]]],
    [1, [[3, 0]]],
  ];
  assert.is(cycleOf(graph, 1)?.state, 1);
  assert.is(fairCycle(edgesOf(graph), 1, (state) => state === 1 || state === 2)?.state, 3);
  assert.is(
    fairCycle(edgesOf(graph), 1, () => true),
    null,
  );
});

test("a state that was found and not expanded ends the search there", () => {
  assert.is(cycleOf([[1, [[1, 0]]]], 1), null);
});

test("what a thread does may be undone by what drains, or by the clock", () => {
  for (const action of [DRAIN, TICK]) {
    const graph: Graph = [
      [1, [[1, 0]]],
      [1, [[0, action]]],
    ];
    assert.equal(cycleOf(graph), { state: 0, actions: [0, action] });
    assert.is(
      cycleOf([
        [3, [[1, 0]]],
        [3, [[0, action]]],
      ]),
      null,
      "thread 1 could run",
    );
  }
});

test("what drains is no step of any thread", () => {
  for (const thread of [0, 1]) {
    for (const action of [DRAIN, DRAIN + 1, DRAIN + 16, TICK]) {
      const graph: Graph = [
        [3, [[1, thread]]],
        [3, [[0, action]]],
      ];
      assert.is(cycleOf(graph), null, `thread ${1 - thread} could run`);
    }
  }
});

test("what others are to be told of a graph is all of it", () => {
  const edges = edgesOf([
    [1, [[1, 0]]],
    [
      3,
      [
        [0, 1],
        [1, 0],
      ],
    ],
  ]);
  edges.begin(0);
  const { first, runnable, to, actions } = edges.rows;
  assert.equal([...first], [0, 1, 3, 3]);
  assert.equal(
    [[...runnable], [...to], [...actions]],
    [
      [1, 3, 0],
      [1, 0, 1],
      [0, 1, 0],
    ],
  );
});

test("cycles are found in graphs of any size, and what is unfair in a small one is so in a large", () => {
  for (const size of [2, 1023, 1024, 1025, 1280, 1281, 3000]) {
    const ring = (runnable: number): Graph =>
      Array.from({ length: size }, (_, i) => [runnable, [[(i + 1) % size, 0]]]);
    assert.equal(cycleOf(ring(1)), { state: 0, actions: Array(size).fill(0) });
    assert.is(cycleOf(ring(3)), null, "thread 1 could run");
    const way: Graph = [...ring(1).slice(0, -1), [1, []]];
    assert.is(cycleOf(way), null);
  }
});

/** Whether one of the graph's strongly connected parts has a fair cycle, by reachability alone. */
function hasFairCycle(graph: Graph, threads: number): boolean {
  const n = graph.length;
  const reaches = graph.map(([, steps]) => graph.map((_, to) => steps.some(([t]) => t === to)));
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        if (reaches[i]?.[k] && reaches[k]?.[j]) (reaches[i] as boolean[])[j] = true;
  const both = (i: number, j: number) => reaches[i]?.[j] === true && reaches[j]?.[i] === true;
  return graph.some((_, root) => {
    const part = graph.map((_, i) => i).filter((i) => i === root || both(root, i));
    if (part.length < 2) return false;
    return Array.from({ length: threads }, (_, t) => t).every((t) =>
      part.some((i) => {
        const [runnable, steps] = graph[i] as Graph[number];
        const moves = steps.some(([to, action]) => action === t && part.includes(to));
        return moves || ((runnable >>> t) & 1) === 0;
      }),
    );
  });
}

/** That the actions lead round, each thread taking part or unable to at some state on the way. */
function checkCycle(graph: Graph, { state, actions }: FairCycle, threads: number): void {
  let places = [{ at: state, served: 0 }];
  for (const action of actions) {
    places = places.flatMap(({ at, served }) => {
      const [runnable, steps] = graph[at] as Graph[number];
      const now = served | (1 << action) | ~runnable;
      return steps.filter((one) => one[1] === action).map(([to]) => ({ at: to, served: now }));
    });
  }
  const all = (1 << threads) - 1;
  const ends = places.filter(({ at, served }) => at === state && (served & all) === all);
  assert.ok(ends.length > 0, `${actions} does not lead round from ${state}, or is not fair`);
}

test("of any graph it finds a fair cycle exactly if there is one, and what it tells is one", () => {
  const threads = 3;
  const node = (n: number) =>
    fc.array(fc.tuple(fc.nat(n - 1), fc.nat(threads - 1)), { maxLength: 3 });
  const graphs = fc.integer({ min: 1, max: 7 }).chain((n) =>
    fc.array(fc.tuple(fc.nat(7), node(n)), { minLength: n, maxLength: n }).map((nodes) =>
      // Whoever makes a step could run; and a step a thread, as in a program.
      nodes.map(([more, steps]): Graph[number] => {
        const own = [
          ...new Map(steps.map(([to, action]) => [action, [to, action] as const])).values(),
        ];
        return [own.reduce((mask, [, action]) => mask | (1 << action), more), own];
      }),
    ),
  );
  let fair = 0;
  fc.assert(
    fc.property(graphs, (graph) => {
      const cycle = cycleOf(graph, threads);
      assert.is(cycle !== null, hasFairCycle(graph, threads));
      if (cycle === null) return;
      fair++;
      checkCycle(graph, cycle, threads);
    }),
    { numRuns: 3000, seed: 1 },
  );
  assert.ok(fair > 100, `${fair} graphs had one`);
});

test.run();
