// The look-up as C's memcpy does it, into one buffer again and again, checking nothing; gather.ts compiles and starts it.
//
//   prepare V D N           and V * D floats and N ints after the line -> {"floats": [N * D]} and those floats
//   warm up seconds         -> {}
//   measure most seconds    -> {"samples": [...]} in ms

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLE_MS 5
/* Beside this long, reading the clock costs nothing. */
#define CHUNK_MS 0.1

static size_t V, D, N;
static float *weight, *out;
static int *indices;
static int chunk;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * t.tv_sec + 1e-6 * t.tv_nsec;
}

static void gather(void) {
  for (size_t i = 0; i < N; i++) memcpy(out + i * D, weight + indices[i] * D, D * sizeof(float));
  /* What is in memory counts as read here, so that no repetition is left out. */
  __asm__ volatile("" ::: "memory");
}

/* The mean over as many look-ups as last `ms` together. */
static double sample(double ms) {
  double spent = 0;
  long runs = 0;
  do {
    double start = now();
    for (int i = 0; i < chunk; i++) gather();
    spent += now() - start;
    runs += chunk;
  } while (spent < ms);
  return spent / runs;
}

static void prepare(void) {
  free(weight), free(indices), free(out);
  weight = malloc(V * D * sizeof(float));
  indices = malloc(N * sizeof(int));
  out = malloc(N * D * sizeof(float));
  if (fread(weight, sizeof(float), V * D, stdin) != V * D || fread(indices, sizeof(int), N, stdin) != N) exit(1);
  chunk = 1;
  gather();
  printf("{\"floats\": [%zu]}\n", N * D);
  fwrite(out, sizeof(float), N * D, stdout);
}

static void warm_up(double seconds) {
  double start = now();
  do {
    if (sample(0) * chunk < CHUNK_MS) chunk *= 2;
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
  char line[256];
  int most;
  double seconds;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "prepare %zu %zu %zu", &V, &D, &N) == 3) prepare();
    else if (sscanf(line, "warm up %lf", &seconds) == 1) warm_up(seconds);
    else if (sscanf(line, "measure %d %lf", &most, &seconds) == 2) measure(most, seconds);
    else return 1;
    fflush(stdout);
  }
}
