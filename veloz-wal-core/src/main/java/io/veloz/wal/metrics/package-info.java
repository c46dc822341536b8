/** Metrics of a log for Micrometer. Optional: only this package needs micrometer-core on the class path. */
@NullMarked
package io.veloz.wal.metrics;

import org.jspecify.annotations.NullMarked;
