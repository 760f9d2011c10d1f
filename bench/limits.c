// What an operation has to move and to compute at least, in C: no checks, buffers made beforehand, rows fetched ahead, and whatever
// depends on the indices alone (which entries share a row) worked out before the clock starts. limits.ts compiles and starts it.
//
//   prepare V D N bag op    and V * D floats, N ints, N * D floats after the line -> {"floats": [..]} and the results
//   prepare V D N T skip-gram   and V * D floats, BATCHES times N ints and BATCHES times N * T ints -> the same
//   warm up seconds         -> {}
//   measure most seconds    -> {"samples": [...]} in ms

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLE_MS 5
/* Beside this long, reading the clock costs nothing. */
#define CHUNK_MS 0.1
#define AHEAD 8
/* Floats that stay in registers at a time. */
#define LANES 64
#define LR 0.01f
#define MAX_NORM 1.0f
#define EPS 1e-10f
#define ADAM_EPS 1e-8f
#define BETA1 0.9f
#define BETA2 0.999f

static size_t V, D, N, BAG, rows;
static float *weight, *original, *gradient, *out, *sums, *square, *average;
static int *indices, *winners;
/* Entry i has row indices[i], whose sum is sums[slot[i]], and is_first of that row; row_of[slot] leads back, slot_of[row] there. */
static int *slot, *row_of, *slot_of;
static char *is_first;
static int chunk, t;

static double now(void) {
  struct timespec s;
  clock_gettime(CLOCK_MONOTONIC, &s);
  return 1e3 * s.tv_sec + 1e-6 * s.tv_nsec;
}

static void fetch(const float *row) {
  for (size_t j = 0; j < D && j < 192; j += 16) __builtin_prefetch(row + j);
}

static void add(float *restrict y, const float *restrict x, float scale) {
  for (size_t j = 0; j < D; j++) y[j] += scale * x[j];
}

/* to[i, :] = table[index[i], :] */
static void gather(float *to, const float *table, const int *index, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i + AHEAD < n) fetch(table + index[i + AHEAD] * D);
    memcpy(to + i * D, table + index[i] * D, D * sizeof(float));
  }
}

/* table[index[i], :] -= rate * step[i, :] */
static void subtract(float *table, const float *step, const int *index, size_t n, float rate) {
  for (size_t i = 0; i < n; i++) {
    if (i + AHEAD < n) fetch(table + index[i + AHEAD] * D);
    add(table + index[i] * D, step + i * D, -rate);
  }
}

static void look_up(void) { gather(out, weight, indices, N); }

/* per: how many entries share a row of the gradient. */
static void add_up(size_t per) {
  for (size_t i = 0; i < N; i++) {
    float *sum = sums + slot[i] * D, *row = gradient + i / per * D;
    if (is_first[i]) memcpy(sum, row, D * sizeof(float));
    else add(sum, row, 1);
  }
}

static void backward(void) { add_up(1); }

static void bag_backward(void) { add_up(BAG); }

static void renorm(void) {
  for (size_t k = 0; k < rows; k++) {
    if (k + AHEAD < rows) fetch(weight + row_of[k + AHEAD] * D);
    float *restrict row = weight + row_of[k] * D, parts[16] = {0}, norm = 0;
    size_t j = 0;
    for (; j + 16 <= D; j += 16) for (int l = 0; l < 16; l++) parts[l] += row[j + l] * row[j + l];
    for (int l = 0; l < 16; l++) norm += parts[l];
    for (; j < D; j++) norm += row[j] * row[j];
    norm = sqrtf(norm);
    if (norm <= MAX_NORM) continue;
    float scale = MAX_NORM / (norm + 1e-7f);
    for (size_t j = 0; j < D; j++) row[j] *= scale;
  }
  look_up();
}

static void fetch_bag(size_t b) {
  for (size_t i = b * BAG; i < (b + 1) * BAG && i < N; i++) fetch(weight + indices[i] * D);
}

/* Some columns of a bag; n is LANES wherever it can be, so that the compiler knows it. */
static inline void sum_columns(float *to, const float *from, const int *entries, size_t n, float scale) {
  float parts[LANES] = {0};
  for (size_t i = 0; i < BAG; i++) for (size_t l = 0; l < n; l++) parts[l] += from[entries[i] * D + l];
  for (size_t l = 0; l < n; l++) to[l] = parts[l] * scale;
}

static void bag(float scale) {
  for (size_t b = 0; b < N / BAG; b++) {
    size_t j = 0;
    fetch_bag(b + 1);
    for (; j + LANES <= D; j += LANES) sum_columns(out + b * D + j, weight + j, indices + b * BAG, LANES, scale);
    for (; j + 16 <= D; j += 16) sum_columns(out + b * D + j, weight + j, indices + b * BAG, 16, scale);
    if (j < D) sum_columns(out + b * D + j, weight + j, indices + b * BAG, D - j, scale);
  }
}

static void bag_sum(void) { bag(1); }

static void bag_mean(void) { bag(1.0f / BAG); }

static inline void max_columns(float *to, int *to_winner, const float *from, const int *entries, int first, size_t n) {
  float most[16];
  int winner[16];
  for (size_t l = 0; l < n; l++) most[l] = from[entries[0] * D + l], winner[l] = first;
  for (int i = 1; i < (int)BAG; i++) {
    for (size_t l = 0; l < n; l++) {
      float x = from[entries[i] * D + l];
      winner[l] = x > most[l] ? first + i : winner[l];
      most[l] = x > most[l] ? x : most[l];
    }
  }
  for (size_t l = 0; l < n; l++) to[l] = most[l], to_winner[l] = winner[l];
}

static void bag_max(void) {
  for (size_t b = 0; b < N / BAG; b++) {
    size_t j = 0, at = b * D;
    const int *entries = indices + b * BAG;
    fetch_bag(b + 1);
    for (; j + 16 <= D; j += 16) max_columns(out + at + j, winners + at + j, weight + j, entries, b * BAG, 16);
    if (j < D) max_columns(out + at + j, winners + at + j, weight + j, entries, b * BAG, D - j);
  }
}

static void sparse_sgd(void) {
  look_up();
  subtract(weight, gradient, indices, N, LR);
}

/* Sums first, as a dense gradient has them. */
static void dense_sgd(void) {
  look_up();
  backward();
  subtract(weight, sums, row_of, rows, LR);
}

static void adagrad(void) {
  look_up();
  backward();
  for (size_t k = 0; k < rows; k++) {
    if (k + AHEAD < rows) fetch(weight + row_of[k + AHEAD] * D), fetch(square + row_of[k + AHEAD] * D);
    float *restrict p = weight + row_of[k] * D, *restrict s = square + row_of[k] * D, *restrict g = sums + k * D;
    for (size_t j = 0; j < D; j++) {
      s[j] += g[j] * g[j];
      p[j] -= LR * g[j] / (sqrtf(s[j]) + EPS);
    }
  }
}

static void adam_row(float *restrict p, float *restrict m, float *restrict v, const float *restrict g, int sparse) {
  float b1 = 1 - powf(BETA1, t), b2 = sqrtf(1 - powf(BETA2, t));
  float rate = sparse ? LR * b2 / b1 : LR / b1, correction = sparse ? 1 : 1 / b2;
  for (size_t j = 0; j < D; j++) {
    float x = g ? g[j] : 0;
    m[j] += (1 - BETA1) * (x - m[j]);
    v[j] = BETA2 * v[j] + (1 - BETA2) * x * x;
    p[j] -= rate * m[j] / (sqrtf(v[j]) * correction + ADAM_EPS);
  }
}

static void sparse_adam(void) {
  t++;
  look_up();
  backward();
  for (size_t k = 0; k < rows; k++) {
    size_t at = row_of[k] * D, next = k + AHEAD < rows ? row_of[k + AHEAD] * D : at;
    fetch(weight + next), fetch(average + next), fetch(square + next);
    adam_row(weight + at, average + at, square + at, sums + k * D, 1);
  }
}

static void dense_adam(void) {
  t++;
  look_up();
  backward();
  for (size_t r = 0; r < V; r++) {
    const float *g = slot_of[r] < 0 ? NULL : sums + slot_of[r] * D;
    adam_row(weight + r * D, average + r * D, square + r * D, g, 0);
  }
}

/* Skip-gram, an operation after the other as a graph of them runs: weight holds the centers, original the contexts; bags are targets. */
#define BATCHES 16
#define RATE 0.025f
static int *centers, *targets;

static float dot(const float *restrict x, const float *restrict y) {
  float parts[16] = {0}, sum = 0;
  size_t j = 0;
  for (; j + 16 <= D; j += 16) for (int l = 0; l < 16; l++) parts[l] += x[j + l] * y[j + l];
  for (int l = 0; l < 16; l++) sum += parts[l];
  for (; j < D; j++) sum += x[j] * y[j];
  return sum;
}

static void skip_gram(void) {
  static float loss;
  for (int b = 0; b < BATCHES; b++) {
    int *center = centers + b * N, *target = targets + b * N * BAG;
    /* average: the rows of the centers, out: those of the contexts; square and sums: their gradients; gradient: the scores'. */
    gather(average, weight, center, N);
    gather(out, original, target, N * BAG);
    for (size_t i = 0; i < N * BAG; i++) gradient[i] = dot(average + i / BAG * D, out + i * D);
    for (size_t i = 0; i < N * BAG; i++) {
      float s = gradient[i], label = i % BAG == 0, e = expf(-fabsf(s));
      loss += (s > 0 ? s : 0) - s * label + log1pf(e);
      gradient[i] = (s > 0 ? 1 : e) / (1 + e) - label;
    }
    memset(square, 0, N * D * sizeof(float));
    memset(sums, 0, N * BAG * D * sizeof(float));
    for (size_t i = 0; i < N * BAG; i++) {
      add(sums + i * D, average + i / BAG * D, gradient[i]);
      add(square + i / BAG * D, out + i * D, gradient[i]);
    }
    subtract(weight, square, center, N, RATE);
    subtract(original, sums, target, N * BAG, RATE);
  }
}

enum { OUT, GRADIENT, COALESCED, OUT_AND_WEIGHT, WEIGHT, CENTERS_AND_CONTEXTS };

static void restore(void) { memcpy(weight, original, V * D * sizeof(float)); }

/* before: what comes first and is not timed, because a backward finds the cache as its forward leaves it. */
static const struct op {
  const char *name;
  void (*run)(void);
  int result;
  void (*before)(void);
} ops[] = {
    {"look-up", look_up, OUT},
    {"dense backward", backward, GRADIENT, look_up},
    {"sparse backward + coalesce", backward, COALESCED, look_up},
    {"renorm", renorm, OUT_AND_WEIGHT, restore},
    {"bag sum", bag_sum, OUT},
    {"bag mean", bag_mean, OUT},
    {"bag max", bag_max, OUT},
    {"bag sum backward", bag_backward, GRADIENT, bag_sum},
    {"step: sparse SGD", sparse_sgd, WEIGHT},
    {"step: dense SGD", dense_sgd, WEIGHT},
    {"step: sparse Adagrad", adagrad, WEIGHT},
    {"step: SparseAdam", sparse_adam, WEIGHT},
    {"step: dense Adam", dense_adam, WEIGHT},
    {"skip-gram", skip_gram, CENTERS_AND_CONTEXTS},
};
static const struct op *op;

/* What is in memory counts as read here, so that no repetition is left out. */
static void run(void) {
  op->run();
  __asm__ volatile("" ::: "memory");
}

/* The mean over as many operations as last `ms` together. */
static double sample(double ms) {
  double spent = 0;
  long runs = 0;
  do {
    if (op->before) op->before();
    double start = now();
    for (int i = 0; i < chunk; i++) run();
    spent += now() - start;
    runs += chunk;
  } while (spent < ms);
  return spent / runs;
}

static float *floats(size_t n) {
  float *x = malloc(n * sizeof(float) + 1);
  memset(x, 0, n * sizeof(float));
  return x;
}

/* Slots in the order of rows for the coalesced gradient, as they are first seen for the others. */
static void number_slots(int ascending) {
  for (size_t r = 0; r < V; r++) slot_of[r] = -1;
  rows = 0;
  for (size_t i = 0; i < N; i++) {
    is_first[i] = slot_of[indices[i]] < 0;
    if (is_first[i]) slot_of[indices[i]] = rows++;
  }
  if (ascending) {
    rows = 0;
    for (size_t r = 0; r < V; r++) if (slot_of[r] >= 0) slot_of[r] = rows++;
  }
  for (size_t r = 0; r < V; r++) if (slot_of[r] >= 0) row_of[slot_of[r]] = r;
  for (size_t i = 0; i < N; i++) slot[i] = slot_of[indices[i]];
}

static void write_results(void) {
  size_t bags = strncmp(op->name, "bag", 3) ? N : N / BAG;
  if (op->result == GRADIENT) {
    float *dense = floats(V * D);
    for (size_t k = 0; k < rows; k++) memcpy(dense + row_of[k] * D, sums + k * D, D * sizeof(float));
    printf("{\"floats\": [%zu]}\n", V * D);
    fwrite(dense, sizeof(float), V * D, stdout);
    free(dense);
  } else if (op->result == COALESCED) {
    float *numbers = floats(rows);
    for (size_t k = 0; k < rows; k++) numbers[k] = row_of[k];
    printf("{\"floats\": [%zu, %zu]}\n", rows, rows * D);
    fwrite(numbers, sizeof(float), rows, stdout);
    fwrite(sums, sizeof(float), rows * D, stdout);
    free(numbers);
  } else if (op->result == CENTERS_AND_CONTEXTS) {
    printf("{\"floats\": [%zu, %zu]}\n", V * D, V * D);
    fwrite(weight, sizeof(float), V * D, stdout);
    fwrite(original, sizeof(float), V * D, stdout);
  } else if (op->result == WEIGHT) {
    printf("{\"floats\": [%zu]}\n", V * D);
    fwrite(weight, sizeof(float), V * D, stdout);
  } else {
    printf(op->result == OUT ? "{\"floats\": [%zu]}\n" : "{\"floats\": [%zu, %zu]}\n", bags * D, V * D);
    fwrite(out, sizeof(float), bags * D, stdout);
    if (op->result == OUT_AND_WEIGHT) fwrite(weight, sizeof(float), V * D, stdout);
  }
}

static int *ints(size_t n) {
  int *x = malloc(n * sizeof(int));
  if (fread(x, sizeof(int), n, stdin) != n) exit(1);
  return x;
}

static void read_floats(float *to, size_t n) {
  if (fread(to, sizeof(float), n, stdin) != n) exit(1);
}

static void prepare_skip_gram(void) {
  size_t all = N * BAG * D;
  weight = floats(V * D), original = floats(V * D), average = floats(N * D), square = floats(N * D);
  out = floats(all), sums = floats(all), gradient = floats(N * BAG);
  read_floats(weight, V * D);
  centers = ints(BATCHES * N), targets = ints(BATCHES * N * BAG);
}

static void prepare_line(void) {
  weight = floats(V * D), original = floats(V * D), square = floats(V * D), average = floats(V * D);
  gradient = floats(N * D), out = floats(N * D), sums = floats(N * D);
  winners = malloc(N * D * sizeof(int)), slot = malloc(N * sizeof(int));
  row_of = malloc(N * sizeof(int)), slot_of = malloc(V * sizeof(int)), is_first = malloc(N);
  read_floats(weight, V * D);
  indices = ints(N);
  read_floats(gradient, N * D);
  memcpy(original, weight, V * D * sizeof(float));
  number_slots(op->result == COALESCED);
}

static void prepare(const char *name) {
  void **all[] = {(void **)&weight,  (void **)&original, (void **)&gradient, (void **)&out,     (void **)&sums,
                  (void **)&square,  (void **)&average,  (void **)&indices,  (void **)&winners, (void **)&slot,
                  (void **)&row_of,  (void **)&slot_of,  (void **)&is_first, (void **)&centers, (void **)&targets};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(*all[k]), *all[k] = NULL;
  op = NULL;
  for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) if (!strcmp(ops[k].name, name)) op = ops + k;
  if (!op) exit(1);
  if (op->run == skip_gram) prepare_skip_gram();
  else prepare_line();
  chunk = 1;
  t = 0;
  run();
  write_results();
}

static void warm_up(double seconds) {
  double start = now();
  do {
    if (sample(0) * chunk < CHUNK_MS && !op->before) chunk *= 2;
  } while (now() - start < 1e3 * seconds);
  printf("{}\n");
}

static void measure(int most, double seconds) {
  double start = now();
  printf("{\"samples\": [");
  for (int i = 0; i == 0 || (i < most && now() - start < 1e3 * seconds); i++) {
    printf(i == 0 ? "%.9g" : ", %.9g", sample(SAMPLE_MS));
  }
  printf("]}\n");
}

int main(void) {
  char line[256], name[128];
  int most;
  double seconds;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "prepare %zu %zu %zu %zu %127[^\n]", &V, &D, &N, &BAG, name) == 5) prepare(name);
    else if (sscanf(line, "warm up %lf", &seconds) == 1) warm_up(seconds);
    else if (sscanf(line, "measure %d %lf", &most, &seconds) == 2) measure(most, seconds);
    else return 1;
    fflush(stdout);
  }
}
