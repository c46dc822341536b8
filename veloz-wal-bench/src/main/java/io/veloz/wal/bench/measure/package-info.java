/** The workloads, and the process that measures one log with one of them. */
@NullMarked
package io.veloz.wal.bench.measure;

import org.jspecify.annotations.NullMarked;
