/** Benchmarks of the log and its archive; docs/benchmarks.md describes the method and the results. */
@NullMarked
package io.veloz.wal.bench;

import org.jspecify.annotations.NullMarked;
