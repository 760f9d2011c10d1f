// What the tables of a run mean.

export const NOTES = `Milliseconds of one operation: median (first to third quartile). A ratio above 1 means that ours is faster.
A table of V x D floats, N uniform indices; the same numbers for all, who take turns. Every result of everybody is compared with
plain JS, element by element, before the clock starts.

- ours: through the public API, inside \`tidy\` unless it says without; every index is checked.
- backward: \`out.backward(g)\`, zeroGrad and forward before it outside the clock. step: zeroGrad, forward, backward, step. renorm:
  a look-up in which maxNorm clips every row; the table is restored outside the clock.
- plain JS: typed arrays and loops. Its buffers are made beforehand and it checks no index; ours and torch check, and make
  their results anew.
- torch: on one thread, and on as many as it chooses; its defaults, int64 indices. MALLOC_MMAP_THRESHOLD_ and
  MALLOC_TRIM_THRESHOLD_ are 4294967296 (4 GiB), so that page faults of fresh results do not count against it.
- C: what the operation has to move and to compute at least (gcc -O3 -march=native, AVX-512 where there is): no checks, buffers made
  beforehand, rows fetched ahead, and what depends on the indices alone (which entries share a row) worked out before the clock
  starts. A line that nobody passes by much. CFLAGS=-march=x86-64-v2 gives it vectors of 128 bits, which is what wasm has.
- onnxruntime-web: Gather on one thread, the table a constant of the model, int32 indices.
- bag: N / 16 bags of 16 entries each, their backward with the first N / 16 rows of the gradient.
- int8: packed beforehand, rows of 8 bits with a scale and a bias. nearest: the ten rows most like the first of the gradient, by
  cosine, the norms of the rows kept from before.
- matmul: [N, D] times a square [V, D]. linear: [N, D] through a weight of V x D, there and, with the result as its own
  gradient, back.
- dense: torch and plain JS have gradients of V x D; ours holds the rows touched, unless somebody has read \`.grad\` ("grad read").
- growth: D = 32 and N = 1,024, so that the smallest table too has as many rows as a batch. A step holds the rows that it touched
  and their gradient; a sparse gradient shares what flowed back. import: fresh processes, from before the import on.
- skip-gram: the model of \`npm start\` (window 5, five negatives, D = 100, Brown corpus, sparse SGD) on batches made beforehand,
  the loss read after each; torch with the same batches, its tables compared with ours.
- words of npm start: whole epochs, which make their batches while they train, beside the original word2vec tool of 2013 on one
  thread. Its words a second are those of the corpus alone; the tool counts ends of sentences too. What both have learnt: of the
  ten nearest words of 400, the share that are usually the same part of speech; 0.17 is chance.`;
