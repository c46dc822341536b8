/** Benchmarks of calls that do not wait for the disk, each next to the fewest instructions that do the same work. */
@NullMarked
package io.veloz.wal.bench.jmh;

import org.jspecify.annotations.NullMarked;
