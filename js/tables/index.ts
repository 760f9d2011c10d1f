// The public names of nn-embedding/tables: tables that exist are loaded, looked at, shrunk, searched and handed on.

export type { BlobLike, Progress, ReadOptions, ResponseLike, Source, StreamLike } from "../io/source.js";
